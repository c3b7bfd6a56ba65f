//! scratch
use detection::run::*;
use detection::truth::Truth;
use detection::setting::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let seed: u64 = args.get(1).map_or(1, |s| s.parse().unwrap());
    let each: u64 = args.get(2).map_or(18, |s| s.parse().unwrap());
    let beyond = args.get(3).is_some();
    let t = std::time::Instant::now();
    let truths: Vec<Truth> = if beyond { Truth::BEYOND.to_vec() } else { Truth::ASKED.to_vec() };
    let scored = run(&Plan { truths: truths.clone(), each, seed, criteria: Default::default() });
    eprintln!("{:?}", t.elapsed());
    let sum = |s: &[&Scored], k: usize| {
        let n = s.len();
        let wrong = s.iter().filter(|s| s.came[k] == Came::Wrong).count();
        let early = s.iter().filter(|s| s.came[k] == Came::TooEarly).count();
        let held = s.iter().filter(|s| s.came[k] == Came::Held).count();
        let mut m: Vec<usize> = s.iter().filter_map(|s| if let Came::Acted(m) = s.came[k] { Some(m) } else { None }).collect();
        m.sort();
        let q = |p: f64| { let i = ((n as f64 * p).ceil() as usize).max(1) - 1; m.get(i).map_or("-".into(), |v| v.to_string()) };
        format!("n={n} wrong={wrong} early={early} held={held} med={} p95={}", q(0.5), q(0.95))
    };
    for t in &truths {
        let s: Vec<&Scored> = scored.iter().filter(|s| s.truth == *t).collect();
        println!("{:32} {}", t.label(), sum(&s, 0));
        if each >= 100 || std::env::var("METHODS").is_ok() { for k in 1..SUBJECTS { println!("      {k} {}", sum(&s, k)); } }
    }
    if std::env::var("FAILS").is_ok() { for s in &scored { if matches!(s.came[0], Came::Wrong | Came::TooEarly) && s.truth != Truth::NoTraffic || (s.came[0]==Came::Held && s.truth.is_zonal() && (s.truth != Truth::Zonal(2) || s.setting.quietest() > 1999.0) && s.setting.quietest() > 60.0) { println!("{:?} {:?} own {:.0} {:?} {:?}", s.truth, s.setting, s.traffic, s.came[0], s.said); } } }
    let nz: usize = scored.iter().filter(|s| !s.truth.is_zonal()).map(|s| s.minutes).sum();
    println!("nonzonal minutes {nz}");
    for (name, f) in [("quietest>=200 faults>=5", Box::new(|s: &Scored| s.setting.quietest() >= 199.9 && matches!(s.truth, Truth::Zonal(5..))) as Box<dyn Fn(&Scored) -> bool>),
        ("mean>=200 faults>=5", Box::new(|s: &Scored| s.setting.requests >= 200 && matches!(s.truth, Truth::Zonal(5..)))),
        ("own>=200 faults>=5", Box::new(|s: &Scored| s.traffic >= 199.9 && matches!(s.truth, Truth::Zonal(5..)))),
        ("200 even 5", Box::new(|s: &Scored| s.setting.requests == 200 && s.setting.spread == Spread::Even && matches!(s.truth, Truth::Zonal(5)))),
        ("quiet>=60 100", Box::new(|s: &Scored| s.setting.quietest() >= 59.9 && matches!(s.truth, Truth::Zonal(100)))),
        ("quiet>=200 100", Box::new(|s: &Scored| s.setting.quietest() >= 199.9 && matches!(s.truth, Truth::Zonal(100)))),
        ("quiet>=2000 2%", Box::new(|s: &Scored| s.setting.quietest() >= 1999.9 && matches!(s.truth, Truth::Zonal(2)))),
        ("mean>=2000 2%", Box::new(|s: &Scored| s.setting.requests >= 2000 && matches!(s.truth, Truth::Zonal(2)))),
    ] {
        let s: Vec<&Scored> = scored.iter().filter(|s| f(s)).collect();
        println!("{name:30} {}", sum(&s, 0));
    }
    for t in truths.iter().filter(|t| t.is_zonal()) {
        for r in Setting::REQUESTS { for sp in Spread::ALL {
            let s: Vec<&Scored> = scored.iter().filter(|s| s.truth == *t && s.setting.requests == r && s.setting.spread == sp).collect();
            if std::env::var("CELLS").is_ok() { println!("{:24} {r:6} {:5} {}", t.label(), sp.label(), sum(&s, 0)); }
        }}
    }
}
