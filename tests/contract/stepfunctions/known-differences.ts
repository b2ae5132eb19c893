/** Such a recording must be refused in words that say so. */
export const jsonPath = "a state uses JSONPath, which the engine refuses and says so";

/**
 * Recordings of TestState, CreateStateMachine and ValidateStateMachineDefinition that are answered otherwise here, and
 * why. One that starts to match must leave this table, and a new one must enter it with a reason.
 */
const byReason: Readonly<Record<string, readonly string[]>> = {
  [jsonPath]: [
    "test_state/field_validation_mode::test_strict_mode_mock_result_field_not_in_api_spec[empty_json]",
    "test_state/field_validation_mode_present::test_present_mode_mock_result_field_not_in_api_spec[empty_json]",
    "test_state/field_validation_mode_present::test_present_mode_mock_result_field_not_in_api_spec[field_not_part_of_api_spec]",
    "test_state/state_context_object::test_state_map_context_object[EXECUTION_INPUT]",
    "test_state/state_context_object::test_state_map_context_object[EXECUTION_INPUT_VALUES]",
    "test_state/state_context_object::test_state_task_context_object[EXECUTION_INPUT_VALUES]",
    "test_state/test_state_machine_scenarios::test_base_state_name[DEBUG-BASE_MAP_STATE_MACHINE]",
    "test_state/test_state_machine_scenarios::test_base_state_name[TRACE-BASE_PASS_STATE_MACHINE]",
    "test_state/test_state_scenarios::test_base_inspection_level_debug[BASE_PASS_STATE]",
    "test_state/test_state_mock_scenarios::test_base_lambda_service_task_mock_success",
    "test_state/test_state_mock_scenarios::test_base_parallel_state_mock_success[DEBUG]",
    "test_state/test_state_mock_scenarios::test_io_dynamodb_service_task_mock_success[base]",
    "test_state/test_state_mock_scenarios::test_io_dynamodb_service_task_mock_success[io_output_path]",
    "test_state/test_state_mock_scenarios::test_io_dynamodb_service_task_mock_success[io]",
    "test_state/test_state_mock_scenarios::test_io_parallel_state_mock_success[DEBUG]",
    "test_state/test_state_mock_scenarios::test_io_parallel_state_mock_success[TRACE]",
    "test_state/test_state_mock_scenarios::test_io_parallel_state_mock_success[INFO]",
    "test_state/test_state_scenarios::test_base_inspection_level_debug[BASE_CHOICE_STATE]",
    "test_state/test_state_scenarios::test_base_inspection_level_debug[BASE_FAIL_STATE]",
    "test_state/test_state_scenarios::test_base_inspection_level_debug[IO_PASS_STATE]",
    "test_state/test_state_scenarios::test_base_inspection_level_trace[IO_PASS_STATE]",
    "test_state/test_state_scenarios::test_base_inspection_level_debug[IO_RESULT_PASS_STATE]",
    "test_state/test_state_scenarios::test_base_inspection_level_trace[IO_RESULT_PASS_STATE]",
    "test_state/test_state_scenarios::test_base_inspection_level_info[BASE_SUCCEED_STATE]",
    "test_state/test_state_scenarios::test_base_inspection_level_info[IO_PASS_STATE]",
    "test_state/test_state_scenarios::test_base_inspection_level_trace[BASE_SUCCEED_STATE]",
    "scenarios/base_scenarios::test_wait_timestamp_invalid[INVALID_DATE]",
    "scenarios/base_scenarios::test_wait_timestamp_invalid[INVALID_ISO]",
    "scenarios/base_scenarios::test_wait_timestamp_invalid[INVALID_TIME]",
    "scenarios/base_scenarios::test_wait_timestamp_invalid[NO_Z]",
    "sfn_api_express::test_illegal_callbacks[SYNC]",
    "sfn_api_express::test_illegal_callbacks[WAIT_FOR_TASK_TOKEN]",
    "sfn_api_validation::test_validate_state_machine_definition_type_express[ILLEGAL_WFTT]",
    "sfn_api_validation::test_validate_state_machine_definition_type_express[INVALID_BASE_NO_STARTAT]",
    "sfn_api_validation::test_validate_state_machine_definition_type_standard[INVALID_BASE_NO_STARTAT]",
    "sfn_api_validation::test_validate_state_machine_definition_type_express[VALID_BASE_PASS]",
    "sfn_api_validation::test_validate_state_machine_definition_type_standard[VALID_BASE_PASS]",
    "sfn_api_validation::test_validate_state_machine_definition_type_express[VALID_QUERY_LANGUAGE_PASS]",
  ],
  "a mock is not held against the models of AWS's APIs": [
    "test_state/field_validation_mode::test_strict_mode_aws_sdk_kms_task[wrong_blob_type_number]",
    "test_state/field_validation_mode::test_strict_mode_aws_sdk_s3_task[non_existent_enum_value]",
    "test_state/field_validation_mode::test_strict_mode_dynamodb_task[wrong_float_type_string]",
    "test_state/field_validation_mode::test_strict_mode_eventbridge_task[wrong_type_2nd_array_element]",
    "test_state/field_validation_mode::test_strict_mode_eventbridge_task[wrong_type_top_level_field]",
    "test_state/field_validation_mode_present::test_present_mode_aws_sdk_kms_task[wrong_blob_length_less_than_minimum]",
    "test_state/field_validation_mode_present::test_present_mode_aws_sdk_lambda_get_function_task[integer_more_than_maximum_allowed]",
    "test_state/field_validation_mode_present::test_present_mode_aws_sdk_s3_task[non_existent_enum_value]",
    "test_state/field_validation_mode_present::test_present_mode_aws_sdk_s3_task[wrong_long_type_string]",
    "test_state/field_validation_mode_present::test_present_mode_eventbridge_task[wrong_type_2nd_array_element]",
    "test_state/field_validation_mode_present::test_present_mode_eventbridge_task[wrong_type_nested_field]",
    "test_state/field_validation_mode_present::test_present_mode_lambda_task[wrong_integer_type_string]",
  ],
};

export const knownDifferences: ReadonlyMap<string, string> = new Map(
  Object.entries(byReason).flatMap(([reason, ids]) => ids.map((id) => [id, reason] as const)),
);
