//! What every database must do, told as stories. Each story runs on each engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;
mod stories;
mod upgrade;

/// Runs every story on an engine.
macro_rules! on {
    ($engine:ident: $($story:ident),* $(,)?) => {
        mod $engine {
            $(
                #[tokio::test]
                async fn $story() {
                    crate::stories::$story(crate::fixture::$engine().await).await;
                }
            )*
        }
    };
}

on!(sqlite:
    a_key_comes_back_as_it_was_written,
    a_dropped_write_leaves_nothing,
    writes_exclude_each_other,
    lists_are_newest_first_and_leave_out_what_is_gone,
    uses_only_move_forward,
    the_log_keeps_one_row_a_subject_and_its_order,
    the_log_is_read_piece_by_piece,
    descendants_are_found_through_rotations,
    answers_are_remembered_for_their_time,
    signing_keys_come_back_opened,
    tenants_have_numbers_and_unique_names,
    the_audit_log_is_a_chain,
    scopes_keep_their_bits,
);
