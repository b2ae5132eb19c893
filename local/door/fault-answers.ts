import { SnsRefusal } from "../sns/refusal.ts";
import { errorAnswer } from "./answers.ts";
import { inputOf, objectsIn } from "./call-input.ts";
import type { AwsAnswer, AwsCall } from "./engine.ts";

const dynamoDbNamespace = "com.amazonaws.dynamodb.v20120810#";
const transactions = new Set(["TransactWriteItems", "TransactGetItems"]);
/** For a table on demand. */
const tableThrottled =
  "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly. If exceptions persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html";

/** Messages of a transaction's cancellation reasons, by their codes. */
const reasonMessages: Readonly<Record<string, string>> = {
  TransactionConflict: "Transaction is ongoing for the item",
  ConditionalCheckFailed: "The conditional request failed",
  ThrottlingError: tableThrottled,
};

/** Too many calls, as each service says it. */
export function throttleAnswer(call: AwsCall): AwsAnswer {
  switch (call.service) {
    case "dynamodb":
      return transactions.has(call.action)
        ? canceled(call, ["ThrottlingError"])
        : errorAnswer(`${dynamoDbNamespace}ThrottlingException`, tableThrottled);
    case "kms":
      return errorAnswer(
        "ThrottlingException",
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
      );
    case "lambda":
      return errorAnswer("TooManyRequestsException", "Rate Exceeded.", 429, {
        Type: "User",
        Reason: "CallerRateLimitExceeded",
      });
    case "sns":
      return new SnsRefusal("Throttled", "Rate exceeded", 429).answer();
    default:
      return errorAnswer("ThrottlingException", "Rate exceeded");
  }
}

/** A transaction is canceled with a reason for each of its parts; a single write is refused. */
export function conflictAnswer(
  call: AwsCall,
  reasons: readonly string[] = ["TransactionConflict"],
): AwsAnswer {
  if (transactions.has(call.action)) return canceled(call, reasons);
  return errorAnswer(
    `${dynamoDbNamespace}TransactionConflictException`,
    reasonMessages["TransactionConflict"] ?? "",
  );
}

export function refusalAnswer(call: AwsCall, error: string, message: string, statusCode?: number): AwsAnswer {
  if (call.service === "sns") return new SnsRefusal(error, message, statusCode).answer();
  return errorAnswer(error, message, statusCode ?? (call.service === "lambda" ? 403 : 400));
}

function canceled(call: AwsCall, given: readonly string[]): AwsAnswer {
  const parts = objectsIn(inputOf(call) ?? {}, "TransactItems").length;
  const codes = Array.from({ length: Math.max(parts, given.length) }, (_, n) => given[n] ?? "None");
  const CancellationReasons = codes.map((Code) => {
    const Message = reasonMessages[Code];
    return { Code, ...(Message !== undefined && { Message }) };
  });
  return errorAnswer(
    `${dynamoDbNamespace}TransactionCanceledException`,
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(", ")}]`,
    400,
    { CancellationReasons },
  );
}
