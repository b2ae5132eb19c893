import { actionOf } from "./action.ts";
import { errorAnswer } from "./answers.ts";
import type { CredentialRegistry } from "./credentials.ts";
import type { AwsAnswer, Caller } from "./engine.ts";
import { isSignedBy, parseAuthorization } from "./sigv4.ts";

/** A call whose caller and action are known, or the answer that AWS gives before it looks further. */
export type Admission =
  | { readonly caller: Caller; readonly service: string; readonly action: string }
  | RefusedCall;
interface RefusedCall {
  readonly refusal: AwsAnswer;
  readonly service: string;
  readonly action: string;
  readonly caller?: Caller;
}

/** A call as it came over the wire. */
export interface WireCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Who calls what: as AWS does, first the presence of a signature, then the key, then the signature itself. */
export function admit(credentials: CredentialRegistry, call: WireCall): Admission {
  const { authorization } = call.headers;
  const followed = authorization === undefined ? linkIn(call) : undefined;
  if (followed !== undefined) return followed;
  const signature = authorization === undefined ? undefined : parseAuthorization(authorization);
  if (signature === undefined) {
    return authorization === undefined
      ? refuse(
          "unknown",
          "",
          "MissingAuthenticationTokenException",
          "Request is missing Authentication Token",
        )
      : refuse(
          "unknown",
          "",
          "IncompleteSignatureException",
          "Authorization header is not a whole SigV4 one.",
        );
  }
  const { service } = signature;
  const action = actionOf(service, call.method, call.path, call.headers["x-amz-target"], call.body) ?? "";
  const known = credentials.find(signature.accessKeyId);
  if (known === undefined) {
    return refuse(
      service,
      action,
      "UnrecognizedClientException",
      "The security token included in the request is invalid.",
    );
  }
  if (!isSignedBy(known.secretAccessKey, signature, call)) {
    return refuse(
      service,
      action,
      "InvalidSignatureException",
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
      known.caller,
    );
  }
  if (action === "") {
    return refuse(
      service,
      action,
      "UnknownOperationException",
      "The request names no API action.",
      known.caller,
    );
  }
  return { caller: known.caller, service, action };
}

/** What SNS does for whoever has a link out of a mail: its token, or its ARN, says enough. */
const linkActions = ["ConfirmSubscription", "Unsubscribe"];

function linkIn({ method, path }: WireCall): Admission | undefined {
  if (method !== "GET" || !path.startsWith("/?")) return undefined;
  const action = new URLSearchParams(path.slice(2)).get("Action") ?? "";
  if (!linkActions.includes(action)) return undefined;
  return { caller: { accessKeyId: "", roleArn: undefined, name: "a reader" }, service: "sns", action };
}

const restServices: ReadonlySet<string> = new Set(["lambda", "s3", "xray"]);

function refuse(
  service: string,
  action: string,
  name: string,
  message: string,
  caller?: Caller,
): RefusedCall {
  // REST services answer 403 where the JSON protocols answer 400.
  const refusal = errorAnswer(name, message, restServices.has(service) ? 403 : 400);
  return { refusal, service, action, ...(caller === undefined ? {} : { caller }) };
}
