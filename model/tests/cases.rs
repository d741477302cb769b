//! Every case comes out as expected.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

use titan_model::Case;

fn assert_as_expected(case: &Case) {
    let outcome = case.explore();
    assert!(outcome.is_as_expected(case), "{}: {outcome:#?}", case.name());
}

fn holds(name: &str) {
    let cases = Case::specified();
    let case = cases.iter().find(|case| case.name() == name);
    assert_as_expected(case.unwrap_or_else(|| panic!("no such case: {name}")));
}

// One test each, so that they use more than one core.

#[test]
fn it_holds_for_two_instances() {
    holds("two instances");
}

#[test]
fn it_holds_when_clocks_drift() {
    holds("clocks that drift");
}

#[test]
fn it_holds_after_a_restart() {
    holds("a restart");
}

#[test]
fn it_holds_for_slow_checks() {
    holds("slow checks");
}

#[test]
fn it_holds_for_two_changes() {
    holds("two changes");
}

#[test]
fn it_holds_for_three_instances() {
    holds("three instances");
}

#[test]
fn no_specified_case_is_without_a_test() {
    assert_eq!(Case::specified().len(), 6);
}

#[test]
fn each_fault_is_caught() {
    Case::faulty().iter().for_each(assert_as_expected);
}
