//! What every database must do, told as stories. Each story runs on each engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backup;
mod client_tokens;
mod expand;
mod fixture;
mod groups;
mod instances;
mod limits;
mod lists;
mod moving;
mod people;
mod sealing;
mod stories;
mod sweeping;
mod upgrade;
mod usage;
mod waiting;

/// Runs every story on every engine.
macro_rules! on_both {
    ($($module:ident::$story:ident),* $(,)?) => {
        on!(postgres as postgres: $($module::$story),*);
        on!(sqlite as sqlite: $($module::$story),*);
    };
}

/// Runs every story on an engine.
macro_rules! on {
    ($engine:ident as $name:ident: $($module:ident::$story:ident),* $(,)?) => {
        mod $name {
            $(
                #[tokio::test]
                async fn $story() {
                    crate::$module::$story(crate::fixture::$engine().await).await;
                }
            )*
        }
    };
}

on_both!(
    stories::a_key_comes_back_as_it_was_written,
    stories::a_dropped_write_leaves_nothing,
    stories::writes_exclude_each_other,
    lists::lists_are_newest_first_and_leave_out_what_is_gone,
    lists::a_walk_misses_and_repeats_no_key_that_stays,
    lists::a_list_goes_on_behind_a_key_that_was_revoked_meanwhile,
    lists::labels_are_found_by_any_part_of_them,
    lists::a_renamed_key_is_found_by_its_new_label_alone,
    lists::lists_are_narrowed_by_creator_and_scope,
    lists::lists_are_narrowed_by_time,
    lists::a_long_list_is_walked_whole_whatever_it_is_narrowed_to,
    stories::uses_only_move_forward,
    stories::the_log_keeps_one_row_a_subject_and_its_order,
    stories::the_log_is_read_piece_by_piece,
    sweeping::a_database_begins_with_its_creation,
    sweeping::what_has_expired_leaves_the_log_piece_by_piece,
    sweeping::ended_keys_come_in_the_order_of_their_end,
    stories::descendants_are_found_through_rotations,
    stories::the_keys_of_a_user_are_found,
    people::opaque_keys_come_back_and_are_found,
    people::an_expired_opaque_key_leaves_the_log_and_one_that_is_deleted_stays,
    people::a_second_factor_comes_back_opened,
    people::an_invitation_is_found_by_its_secret_until_it_is_removed,
    sealing::a_backup_of_before_a_rotation_is_restored_with_the_earlier_key,
    sealing::a_database_of_before_goes_on_with_the_key_that_opens_it,
    sealing::keys_that_do_not_belong_to_the_database_are_refused_and_change_nothing,
    sealing::the_key_that_the_database_names_seals_until_a_rotation,
    sealing::a_rotation_that_was_cut_off_goes_on_and_the_old_key_is_not_needed_then,
    sealing::a_rotation_that_is_dropped_leaves_nothing,
    stories::answers_are_remembered_for_their_time,
    stories::signing_keys_come_back_opened,
    stories::tenants_have_numbers_and_unique_names,
    stories::the_audit_log_is_a_chain,
    lists::the_audit_log_is_listed_by_time_whatever_it_is_narrowed_to,
    stories::scopes_keep_their_bits,
    groups::writers_that_wait_together_are_all_stored,
    groups::a_writer_that_fails_takes_nobody_along,
    groups::a_writer_that_goes_away_leaves_nothing_and_holds_up_nobody,
    groups::numbers_and_revisions_have_no_gap_after_a_failure,
    waiting::a_group_forgets_what_an_undone_writer_changed,
    waiting::a_group_knows_what_its_writers_changed,
    waiting::a_row_that_cannot_be_written_fails_alone,
    waiting::a_row_that_cannot_be_written_takes_the_statements_of_its_writer_along,
    waiting::a_writer_sees_the_keys_that_wait,
    waiting::an_answer_that_waits_is_found,
    waiting::many_keys_keep_their_order,
    client_tokens::client_rules_are_read_back_and_counted,
    client_tokens::the_state_of_a_client_token_is_all_that_decides_about_it,
    client_tokens::a_revoked_client_token_leaves_the_log_when_it_has_expired,
    client_tokens::an_ended_console_session_leaves_the_log_when_it_has_expired,
    client_tokens::no_more_are_counted_on_a_day_than_there_may_be,
    usage::a_flush_that_is_repeated_counts_once,
    usage::rollups_of_all_lengths_are_the_sum_of_the_minutes,
    usage::instances_that_flush_together_lose_nothing,
    usage::usage_is_narrowed_and_grouped,
    usage::what_is_old_leaves_by_its_length,
    usage::many_rows_of_one_time_leave_piece_by_piece,
    usage::what_cannot_be_swept_holds_up_nothing_else,
    usage::sums_without_key_and_route_are_those_of_the_series,
    usage::a_repeated_piece_is_committed_when_it_is_answered,
    usage::a_client_of_the_future_gives_way,
    limits::all_who_borrow_together_get_no_more_than_there_is,
    limits::settings_are_read_back,
    limits::sweeping_leaves_what_still_counts,
    limits::what_is_borrowed_is_known_after_a_restart,
    instances::an_instance_joins_reports_and_is_swept,
    instances::the_state_of_one_key_is_read_as_of_now,
);

on!(postgres as shared:
    usage::one_question_at_a_time_also_when_whoever_asked_has_gone_away,
    expand::a_column_that_a_newer_version_adds_disturbs_no_statement,
    instances::a_grant_waits_for_the_change_before_it_and_sees_it,
    instances::a_change_waits_for_no_instance_that_stopped_in_a_change,
    instances::news_come_from_other_instances,
    sealing::instances_say_which_keys_they_have,
    sealing::a_rotation_that_another_one_overtakes_stops_and_ends_nothing,
    sealing::an_overtaken_instance_seals_with_the_key_that_the_database_names,
    sealing::an_instance_that_slept_through_a_rotation_seals_nothing,
    instances::writes_of_two_instances_exclude_each_other,
    waiting::instances_see_each_others_changes,
);
