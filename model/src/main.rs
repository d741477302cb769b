//! Explores all cases and prints a table in Markdown. `deep` does so for the worlds that take minutes. The name of a
//! fault prints the steps of its counterexample.

use std::process::ExitCode;

use titan_model::{Case, Outcome};

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1);
    let is_as_expected = match wanted.as_deref() {
        None => table(&[Case::specified(), Case::faulty()].concat()),
        Some("deep") => table(&Case::deep()),
        Some(name) => steps(name),
    };
    if is_as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn table(cases: &[Case]) -> bool {
    println!("| case | states | outcome | as expected |\n|---|---:|---|---|");
    // Every line is printed, also after one that is not as expected.
    let answers: Vec<_> = cases.iter().map(line).collect();
    !answers.contains(&false)
}

fn line(case: &Case) -> bool {
    let outcome = case.explore();
    let is_as_expected = outcome.is_as_expected(case);
    let answer = if is_as_expected { "yes" } else { "**no**" };
    println!("| {} | {} | {} | {answer} |", case.name(), outcome.states, verdict(&outcome));
    is_as_expected
}

fn verdict(outcome: &Outcome) -> String {
    match &outcome.counterexample {
        Some(steps) => format!("violated in {} steps", steps.len()),
        None if outcome.missing.is_empty() => "holds".to_owned(),
        None => format!("holds, but never: {}", outcome.missing.join("; ")),
    }
}

fn steps(name: &str) -> bool {
    let cases = [Case::specified(), Case::faulty()].concat();
    let Some(case) = cases.iter().find(|case| case.name() == name) else {
        eprintln!("no such case: {name}");
        return false;
    };
    let outcome = case.explore();
    println!("{}", verdict(&outcome));
    outcome.counterexample.iter().flatten().for_each(|step| println!("{step:?}"));
    outcome.is_as_expected(case)
}
