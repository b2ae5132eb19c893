import { errorAnswer } from "../door/answers.ts";
import type { AwsAnswer } from "../door/engine.ts";

/** Error codes by which the query protocol of old knew some exceptions; SDKs read either. */
const queryNames: Readonly<Record<string, string>> = {
  QueueDoesNotExist: "AWS.SimpleQueueService.NonExistentQueue",
  EmptyBatchRequest: "AWS.SimpleQueueService.EmptyBatchRequest",
  TooManyEntriesInBatchRequest: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
  BatchEntryIdsNotDistinct: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
  BatchRequestTooLong: "AWS.SimpleQueueService.BatchRequestTooLong",
  MessageNotInflight: "AWS.SimpleQueueService.MessageNotInflight",
  ReceiptHandleIsInvalid: "ReceiptHandleIsInvalid",
};

/** SQS refuses a call: an answer of AWS, not a failure of this engine. */
export class SqsRefusal extends Error {
  override readonly name = "SqsRefusal";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  answer(): AwsAnswer {
    const refusal = errorAnswer(`com.amazonaws.sqs#${this.code}`, this.message);
    const queryError = `${queryNames[this.code] ?? this.code};Sender`;
    return {
      ...refusal,
      headers: { ...refusal.headers, "x-amzn-errortype": this.code, "x-amzn-query-error": queryError },
    };
  }
}

export const invalid = (message: string): SqsRefusal => new SqsRefusal("InvalidParameterValue", message);
export const missing = (parameter: string): SqsRefusal =>
  new SqsRefusal("MissingParameter", `The request must contain the parameter ${parameter}.`);
