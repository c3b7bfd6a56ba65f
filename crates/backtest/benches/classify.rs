//! Observations a second on one core: all of a line's way, and its three parts.
//!
//! The observations are of six zones and ten minutes without instances; most are of healthy
//! workloads, as in what anybody records, and one in ten has a zone that is worth a second look.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros have no docs, and a benchmark may panic"
)]

use std::fmt::Write;
use std::hint::black_box;

use backtest::lines::{judge_lines, read, write};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use domain::judge::{Case, Ruling, classify};
use rand::Rng;
use rand::SeedableRng;
use rand_distr::{Binomial, Distribution};
use rand_pcg::Pcg64Mcg;

const OBSERVATIONS: usize = 10_000;

fn observation(index: usize, rng: &mut Pcg64Mcg) -> String {
    let bad = rng.random_ratio(1, 10).then(|| rng.random_range(0..6));
    let fault = rng.random_range(0.01..0.3);
    let base = rng.random_range(0.0..0.005);
    let traffic = 10_f64.powf(rng.random_range(2.3..4.3));
    let mut line = format!("{{\"id\":\"{index}\",\"zones\":{{");
    for zone in 0..6 {
        let name = char::from(b'a' + zone);
        let comma = if zone == 0 { "" } else { "," };
        write!(
            line,
            "{comma}\"use1-az{}\":{{\"name\":\"us-east-1{name}\",\"minutes\":[",
            zone + 1
        )
        .unwrap();
        let share = if bad == Some(zone) {
            base + fault
        } else {
            base
        };
        for minute in 0..10 {
            let share = if minute < 7 { base } else { share };
            let requests = (traffic * rng.random_range(0.9..1.1)).round();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a positive count"
            )]
            let count = requests as u64;
            let faults = Binomial::new(count, share).unwrap().sample(rng);
            let slow = Binomial::new(count - faults, base / 4.0)
                .unwrap()
                .sample(rng);
            let comma = if minute == 0 { "" } else { "," };
            write!(
                line,
                "{comma}{{\"requests\":{count},\"faults\":{faults},\"slow\":{slow},\"healthyHosts\":4}}"
            )
            .unwrap();
        }
        line.push_str("]}");
    }
    line.push_str("}}\n");
    line
}

fn benchmark(criterion: &mut Criterion) {
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let lines: Vec<String> = (0..OBSERVATIONS)
        .map(|index| observation(index, &mut rng))
        .collect();
    let cases: Vec<Case> = lines.iter().map(|line| read(line).unwrap().1).collect();
    let rulings: Vec<Ruling> = cases.iter().map(classify).collect();
    let text = lines.concat();

    let mut group = criterion.benchmark_group("observations");
    group.throughput(Throughput::Elements(OBSERVATIONS as u64));
    group.sample_size(10);
    group.bench_function("lines to verdicts", |bencher| {
        let mut out = Vec::new();
        bencher.iter(|| {
            out.clear();
            assert!(judge_lines(text.as_bytes(), &mut out).unwrap());
        });
    });
    group.bench_function("read only", |bencher| {
        bencher.iter(|| {
            for line in &lines {
                black_box(read(line).unwrap());
            }
        });
    });
    group.bench_function("judge only", |bencher| {
        bencher.iter(|| {
            for case in &cases {
                black_box(classify(case));
            }
        });
    });
    group.bench_function("write only", |bencher| {
        let mut out = Vec::new();
        bencher.iter(|| {
            for ruling in &rulings {
                out.clear();
                write(&mut out, "id", ruling).unwrap();
                black_box(&out);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
