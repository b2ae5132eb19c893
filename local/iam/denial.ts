import { randomUUID } from "node:crypto";
import { errorAnswer } from "../door/answers.ts";
import type { AwsAnswer } from "../door/engine.ts";
import { S3Refusal } from "../s3/refusal.ts";
import { SnsRefusal } from "../sns/refusal.ts";
import type { Verdict } from "./policy.ts";

/** What IAM refused, and to whom. */
export interface Denial {
  /** ARN of the assumed role, with its session; the name of the service when a service asks for itself. */
  readonly principalArn: string;
  readonly action: string;
  readonly resource: string;
  readonly verdict: Exclude<Verdict, "allowed">;
  /** Whose policy it was that denied, or that would have had to allow. */
  readonly policy: "identity" | "resource";
  /** The service that asked in the principal's name. */
  readonly via?: string;
}

const exception = "AccessDeniedException";

/** In AWS's words, which name the principal, the action, the resource and why. */
export function messageOf({ principalArn, action: asked, resource, verdict, policy }: Denial): string {
  // S3 alone puts the resource in quotes, and SNS alone writes its name in capitals.
  const about = asked.startsWith("s3:") ? `"${resource}"` : resource;
  const action = asked.replace(/^sns:/, "SNS:");
  const what = `User: ${principalArn} is not authorized to perform: ${action} on resource: ${about}`;
  return verdict === "explicitly_denied"
    ? `${what} with an explicit deny in ${policy === "identity" ? "an identity" : "a resource"}-based policy`
    : `${what} because no ${policy}-based policy allows the ${action} action`;
}

/** The denial as the service itself would answer it. */
export function denialAnswer(service: string, denial: Denial): AwsAnswer {
  if (service === "s3") return new S3Refusal("AccessDenied", messageOf(denial)).answer();
  if (denial.via === "sns") return new SnsRefusal("KMSAccessDenied", messageOf(denial)).answer();
  if (service === "sns") return new SnsRefusal("AuthorizationError", messageOf(denial), 403).answer();
  if (service === "lambda") return lambdaAnswer(messageOf(denial));
  if (service === "xray") return errorAnswer(exception, messageOf(denial), 403);
  if (denial.via === "dynamodb") return errorAnswer(exception, tableKeyMessage());
  return errorAnswer(exception, messageOf(denial));
}

/** Lambda, a REST service, answers 403, and writes `Message` with a capital. */
function lambdaAnswer(message: string): AwsAnswer {
  return {
    statusCode: 403,
    headers: { "content-type": "application/json", "x-amzn-errortype": exception },
    body: JSON.stringify({ Message: message }),
  };
}

/** DynamoDB hands on what KMS says to strangers, which names neither action nor key. */
function tableKeyMessage(): string {
  return (
    "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: The ciphertext refers to a " +
    "customer master key that does not exist, does not exist in this region, or you are not allowed to access. " +
    `(Service: AWSKMS; Status Code: 400; Error Code: ${exception}; Request ID: ${randomUUID()}; Proxy: null)`
  );
}
