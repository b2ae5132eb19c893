import { randomBytes } from "node:crypto";
import type { AwsAnswer, AwsCall } from "../door/engine.ts";
import type { Plan } from "../plan/plan.ts";
import type { AccessRequest, ConditionContext } from "./access-request.ts";
import { type Denial, denialAnswer } from "./denial.ts";
import { type EstateFacts, estateFactsOf } from "./estate.ts";
import type { Verdict } from "./policy.ts";
import { cognitoRequests } from "./requests/cognito.ts";
import { dynamoDbRequests } from "./requests/dynamodb.ts";
import { kmsRequests } from "./requests/kms.ts";
import { invocationOf, lambdaRequests } from "./requests/lambda.ts";
import { eventBridgeRequests, kinesisRequests, sqsRequests } from "./requests/messaging.ts";
import type { AccessReader } from "./requests/reader.ts";
import { s3Requests } from "./requests/s3.ts";
import { snsRequests } from "./requests/sns.ts";
import { statesRequests } from "./requests/states.ts";
import { type Role, rolesOf } from "./roles.ts";

/** Who asks: a role, assumed by a function, a state machine or another service. */
export interface Principal {
  readonly roleArn: string;
  /** Name of the session: the function's name, as Lambda has it. Made up when left out. */
  readonly sessionName?: string;
}

/** What IAM was asked and said. */
export interface Decision {
  readonly roleArn: string;
  readonly action: string;
  readonly resource: string;
  readonly verdict: Verdict;
}

/** A call that its caller may not make. */
export interface RefusedCall {
  readonly answer: AwsAnswer;
  /** `dynamodb:PutItem on arn:aws:…`: what the caller's role would have to be granted. */
  readonly missing: string;
}

/** Services whose calls are understood here. What another service is asked for, no policy allows. */
const readers: Readonly<Record<string, AccessReader>> = {
  "cognito-idp": cognitoRequests,
  dynamodb: dynamoDbRequests,
  events: eventBridgeRequests,
  kinesis: kinesisRequests,
  kms: kmsRequests,
  lambda: lambdaRequests,
  s3: s3Requests,
  sns: snsRequests,
  sqs: sqsRequests,
  states: statesRequests,
};

/** IAM over the plan's roles: what each may do is what their own policies say. */
export class Guard {
  readonly #estate: EstateFacts;
  readonly #roles: ReadonlyMap<string, Role>;
  readonly #decided: (decision: Decision) => void;
  readonly #sessions = new Map<string, string>();

  /**
   * `decided` is told of every decision.
   * @throws Refusal when a policy of the plan cannot be evaluated here.
   */
  constructor(plan: Plan, decided: (decision: Decision) => void = () => undefined) {
    this.#estate = estateFactsOf(plan);
    this.#roles = rolesOf(plan);
    this.#decided = decided;
  }

  /** @returns undefined when the call may be made. The operator of this machine may make every call. */
  refuse(call: AwsCall): RefusedCall | undefined {
    const { roleArn, sessionName } = call.caller;
    if (roleArn === undefined) return undefined;
    const principal = { roleArn, ...(sessionName !== undefined && { sessionName }) };
    for (const request of this.#requestsOf(call)) {
      const denial = this.#deny(principal, request);
      if (denial === undefined) continue;
      return {
        answer: denialAnswer(call.service, denial),
        missing: `${denial.action} on ${denial.resource}`,
      };
    }
    return undefined;
  }

  /** What a role is told that invokes a function, by whatever name; undefined when it may. */
  refuseInvocation(principal: Principal, functionReference: string): Denial | undefined {
    return this.#deny(principal, invocationOf(functionReference, this.#estate));
  }

  /** Whether a role may do this, as AWS asks before it makes what is to act in the role's name. */
  permits(roleArn: string, action: string, resource: string): boolean {
    return this.#deny({ roleArn }, { action, resource, context: () => undefined }) === undefined;
  }

  /** What a role is told that asks for this; undefined when it may. For services that act in a role's name. */
  #deny(principal: Principal, request: AccessRequest): Denial | undefined {
    const { roleArn } = principal;
    const { action, resource, via, context } = request;
    const policies = this.#roles.get(roleArn)?.policies;
    const asked = { ...request, context: this.#withGlobals(roleArn, context) };
    const verdict = policies?.evaluate(asked) ?? "implicitly_denied";
    this.#decided({ roleArn, action, resource, verdict });
    if (verdict === "allowed") return undefined;
    return {
      principalArn: this.#sessionArn(principal),
      action,
      resource,
      verdict,
      ...(via !== undefined && { via }),
    };
  }

  #requestsOf(call: AwsCall): readonly AccessRequest[] {
    const read = Object.hasOwn(readers, call.service) ? readers[call.service] : undefined;
    if (read !== undefined) return read(call, this.#estate) ?? [];
    return [{ action: `${call.service}:${call.action}`, resource: "*", context: () => undefined }];
  }

  #withGlobals(roleArn: string, context: ConditionContext): ConditionContext {
    const { account, region } = this.#estate;
    return (key) => {
      switch (key) {
        case "aws:PrincipalArn":
          return [roleArn];
        case "aws:PrincipalAccount":
          return [account];
        case "aws:RequestedRegion":
          return [region];
        case "aws:SecureTransport":
          // The door speaks plain HTTP on loopback in the place of TLS.
          return ["true"];
        default:
          return context(key);
      }
    };
  }

  #sessionArn({ roleArn, sessionName }: Principal): string {
    const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
    let session = sessionName ?? this.#sessions.get(roleArn);
    if (session === undefined) {
      session = randomBytes(16).toString("hex");
      this.#sessions.set(roleArn, session);
    }
    return `arn:aws:sts::${this.#estate.account}:assumed-role/${roleName}/${session}`;
  }
}
