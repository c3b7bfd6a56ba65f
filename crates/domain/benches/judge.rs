//! How many observations `domain` judges in a second on one core: 6 zones of 10 minutes, no instances.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use domain::judge::{Counts, Criteria, Minute, judge};

const ZONES: usize = 6;

/// Counts in which each zone had a base of about 0.2 % of 2,000 requests, and then so many faults more in
/// each of the newest three minutes.
fn counts(faults: [u64; ZONES]) -> Counts {
    let minute = |index: usize, minute: u64| {
        let more = if minute >= 7 { faults[index] } else { 0 };
        let uneven = (minute * 7 + index as u64 * 3) % 5;
        Some(Minute {
            requests: 1_950 + 25 * uneven,
            faults: 2 + uneven + more,
            slow: 0,
            healthy_hosts: Some(8),
            instances: Vec::new(),
        })
    };
    let zones = (0..ZONES).filter_map(|index| format!("use1-az{}", index + 1).parse().ok());
    let minutes = (0..ZONES).map(|index| (0..10).map(|back| minute(index, back)).collect());
    zones.zip(minutes).collect()
}

fn judging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("judge");
    group.throughput(Throughput::Elements(1));
    for (name, faults) in [
        ("healthy", [0; ZONES]),
        ("zonal fault of 10 %", [200, 0, 0, 0, 0, 0]),
        ("zonal fault of 2 %", [40, 0, 0, 0, 0, 0]),
        ("regional, unevenly", [600, 400, 300, 500, 350, 450]),
    ] {
        let counts = counts(faults);
        let criteria = Criteria::default();
        group.bench_function(name, |bencher| {
            bencher.iter(|| judge(black_box(&counts), None, black_box(&criteria)));
        });
    }
    group.finish();
}

criterion_group!(benches, judging);
criterion_main!(benches);
