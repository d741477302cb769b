//! What each step needs, and what it does.

mod change;
mod check;
mod clock;
mod follow;
mod grant;
mod sweep;

use crate::action::Action;
use crate::model::Protocol;
use crate::state::State;

impl Protocol {
    /// Takes a step; `None` where it is not possible now.
    pub(crate) fn step(&self, state: &mut State, action: Action) -> Option<()> {
        match action {
            Action::Tick(late) => self.tick(state, late),
            Action::Ask(i) => grant::ask(&mut state.instances[i]),
            Action::LoseRequest(i) => grant::lose_request(&mut state.instances[i]),
            Action::RunGrant(i) => self.run_grant(state, i),
            Action::CommitGrant(i) => self.commit_grant(&mut state.instances[i]),
            Action::TakeAnswer(i) => self.take_answer(&mut state.instances[i]),
            Action::LoseAnswer(i) => grant::lose_answer(&mut state.instances[i]),
            Action::ReadLog(i) => self.read_log(state, i),
            Action::Apply(i) => self.apply(state, i),
            Action::Report(i) => self.report(state, i),
            Action::Restart(i) => self.restart(state, i),
            Action::BeginCheck(i) => self.begin_check(state, i),
            Action::Condemn(i) => self.condemn(&mut state.instances[i]),
            Action::Sweep(i) => self.sweep(&mut state.instances[i]),
            Action::SweepOld(row) => self.sweep_old(&mut state.old_rows[row]),
            Action::Lock(change) => self.lock(state, change),
            Action::RollBack(change) => change::roll_back(&mut state.changes[change]),
            Action::Commit(change) => change::commit(&mut state.changes[change]),
            Action::StartWaiting(change) => self.start_waiting(state, change),
            Action::Read(change, i) => self.read(state, change, i),
            Action::ReadOld(change, row) => self.read_old(state, change, row),
            Action::GiveReceipt(change) => self.give_receipt(state, change),
        }
    }
}
