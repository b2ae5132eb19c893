import { randomBytes } from "node:crypto";
import type { AwsAnswer, AwsCall } from "../door/engine.ts";
import type { Plan } from "../plan/plan.ts";
import type { AccessRequest, ConditionContext } from "./access-request.ts";
import { type Denial, denialAnswer, messageOf } from "./denial.ts";
import { type EstateFacts, estateFactsOf } from "./estate.ts";
import type { ResourceVerdict, Verdict } from "./policy.ts";
import { athenaRequests, glueRequests } from "./requests/athena.ts";
import { cognitoRequests } from "./requests/cognito.ts";
import { dynamoDbRequests } from "./requests/dynamodb.ts";
import { kmsRequests } from "./requests/kms.ts";
import { invocationOf, lambdaRequests } from "./requests/lambda.ts";
import { eventBridgeRequests, kinesisRequests, sqsRequests } from "./requests/messaging.ts";
import type { AccessReader } from "./requests/reader.ts";
import { redshiftDataRequests } from "./requests/redshift.ts";
import { listingsFor, s3Requests } from "./requests/s3.ts";
import { snsRequests } from "./requests/sns.ts";
import { statesRequests } from "./requests/states.ts";
import { xrayRequests } from "./requests/xray.ts";
import { ResourcePolicies } from "./resource-policies.ts";
import { type Role, rolesOf } from "./roles.ts";

/** Who asks: a role, assumed by a function, a state machine or another service. */
export interface Principal {
  readonly roleArn: string;
  /** Name of the session: the function's name, as Lambda has it. Made up when left out. */
  readonly sessionName?: string;
}

/** A service of AWS that asks for itself, not in a role's name. */
export interface ServicePrincipal {
  /** `events.amazonaws.com` */
  readonly service: string;
  /** ARN of what of the estate it does it for: a rule, a topic, a bucket, a route. */
  readonly sourceArn: string;
}

/** What IAM was asked and said. */
export interface Decision {
  /** Or the name of the service that asked for itself. */
  readonly roleArn: string;
  readonly action: string;
  readonly resource: string;
  readonly verdict: Verdict;
}

/** A call that its caller may not make, or not all of it. */
export interface RefusedCall {
  readonly answer: AwsAnswer;
  /** Set when AWS would answer each part by itself: these are denied, the others are not. */
  readonly deniedParts?: ReadonlyMap<string, string>;
  /** `dynamodb:PutItem on arn:aws:…`: what the caller's role would have to be granted. */
  readonly missing: string;
  /** Whose policy stands in the way. */
  readonly because: string;
}

const refusalOf = ({ service }: AwsCall, denial: Denial): RefusedCall => ({
  answer: denialAnswer(service, denial),
  missing: `${denial.action} on ${denial.resource}`,
  because: reasonOf(denial),
});

function reasonOf({ policy, verdict }: Denial): string {
  const whose = policy === "identity" ? "its role" : "the policy of the resource";
  return `${whose} ${verdict === "explicitly_denied" ? "denies" : "does not allow"} it`;
}

/** An answer to HEAD has no body, and may not say what it is that is not there. */
const saysNoSuchKey = ({ statusCode, body }: AwsAnswer): boolean =>
  statusCode === 404 && !/<Code>(?!NoSuchKey<)/.test(body.toString());

/** Services whose calls are understood here. What another service is asked for, no policy allows. */
const readers: Readonly<Record<string, AccessReader>> = {
  athena: athenaRequests,
  "cognito-idp": cognitoRequests,
  dynamodb: dynamoDbRequests,
  events: eventBridgeRequests,
  glue: glueRequests,
  kinesis: kinesisRequests,
  kms: kmsRequests,
  lambda: lambdaRequests,
  "redshift-data": redshiftDataRequests,
  s3: s3Requests,
  sns: snsRequests,
  sqs: sqsRequests,
  states: statesRequests,
  xray: xrayRequests,
};

/**
 * IAM over the plan: what a role may do is what its own policies say or the policy of the resource, unless one of them
 * denies it; what a service may do for itself, the resource's policy alone. A key lets in whom its policy lets in.
 */
export class Guard {
  readonly #estate: EstateFacts;
  readonly #roles: ReadonlyMap<string, Role>;
  readonly #resourcePolicies: ResourcePolicies;
  readonly #decided: (decision: Decision) => void;
  readonly #sessions = new Map<string, string>();

  /**
   * `decided` is told of every decision.
   * @throws Refusal when a policy of the plan cannot be evaluated here.
   */
  constructor(plan: Plan, decided: (decision: Decision) => void = () => undefined) {
    this.#estate = estateFactsOf(plan);
    this.#roles = rolesOf(plan);
    this.#resourcePolicies = new ResourcePolicies(plan);
    this.#decided = decided;
  }

  /** @returns undefined when the call may be made. The operator of this machine may make every call. */
  refuse(call: AwsCall): RefusedCall | undefined {
    const { roleArn, sessionName } = call.caller;
    if (roleArn === undefined) return undefined;
    const principal = { roleArn, ...(sessionName !== undefined && { sessionName }) };
    const deniedParts = new Map<string, string>();
    let first: Denial | undefined;
    for (const request of this.#requestsOf(call)) {
      const denial = this.#deny(principal, request);
      if (denial === undefined) continue;
      if (request.part === undefined) return refusalOf(call, denial);
      first ??= denial;
      deniedParts.set(request.part, messageOf(denial));
    }
    return first && { ...refusalOf(call, first), deniedParts };
  }

  /**
   * S3 tells who may not list a bucket nothing of what is not in it: an object that is not there is denied.
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
   */
  conceal(call: AwsCall, answer: AwsAnswer): RefusedCall | undefined {
    const { roleArn, sessionName } = call.caller;
    if (roleArn === undefined || call.service !== "s3" || !saysNoSuchKey(answer)) return undefined;
    const principal = { roleArn, ...(sessionName !== undefined && { sessionName }) };
    for (const request of listingsFor(call)) {
      const denial = this.#deny(principal, request);
      if (denial !== undefined) return refusalOf(call, denial);
    }
    return undefined;
  }

  /** What a role is told that invokes a function, by whatever name; undefined when it may. */
  refuseInvocation(principal: Principal, functionReference: string): Denial | undefined {
    return this.#deny(principal, invocationOf(functionReference, this.#estate));
  }

  /**
   * What AWS tells whoever brings something to a target: a role that a service acts in the name of, or a service for
   * itself. Undefined when it may be brought.
   */
  refuseDelivery(
    sender: Principal | ServicePrincipal,
    action: string,
    targetArn: string,
  ): Denial | undefined {
    const request = { action, resource: targetArn, context: () => undefined };
    return "service" in sender ? this.#denyService(sender, request) : this.#deny(sender, request);
  }

  /** What a role is told that asks for this; undefined when it may. For services that act in a role's name. */
  #deny(principal: Principal, request: AccessRequest): Denial | undefined {
    const { roleArn } = principal;
    const { account } = this.#estate;
    const sessionArn = this.#sessionArn(principal);
    const asked = this.#with(request, {
      "aws:PrincipalArn": roleArn,
      "aws:PrincipalAccount": account,
      "aws:PrincipalIsAWSService": "false",
    });
    const identity = this.#roles.get(roleArn)?.policies.evaluate(asked) ?? "implicitly_denied";
    const resource = this.#resourcePolicies.evaluate(asked, { kind: "role", roleArn, sessionArn, account });
    return this.#told(roleArn, sessionArn, request, outcomeOf(request.action, identity, resource));
  }

  #denyService({ service, sourceArn }: ServicePrincipal, request: AccessRequest): Denial | undefined {
    const asked = this.#with(request, {
      "aws:SourceArn": sourceArn,
      "aws:SourceAccount": this.#estate.account,
      "aws:PrincipalIsAWSService": "true",
      "aws:PrincipalServiceName": service,
    });
    const verdict = this.#resourcePolicies.evaluate(asked, { kind: "service", name: service });
    const outcome = {
      verdict: verdict === "delegated" ? "implicitly_denied" : verdict,
      policy: "resource",
    } as const;
    return this.#told(service, service, request, outcome);
  }

  /** Writes a decision down. */
  #told(
    who: string,
    principalArn: string,
    { action, resource, via }: AccessRequest,
    { verdict, policy }: Outcome,
  ): Denial | undefined {
    this.#decided({ roleArn: who, action, resource, verdict });
    if (verdict === "allowed") return undefined;
    return { principalArn, action, resource, verdict, policy, ...(via !== undefined && { via }) };
  }

  #requestsOf(call: AwsCall): readonly AccessRequest[] {
    const read = Object.hasOwn(readers, call.service) ? readers[call.service] : undefined;
    if (read !== undefined) return read(call, this.#estate) ?? [];
    return [{ action: `${call.service}:${call.action}`, resource: "*", context: () => undefined }];
  }

  /** The request with the keys that every request has, and with those of whoever asks. */
  #with(request: AccessRequest, principal: Readonly<Record<string, string>>): AccessRequest {
    const values: Readonly<Record<string, string>> = {
      ...principal,
      "aws:RequestedRegion": this.#estate.region,
      // The door speaks plain HTTP on loopback in the place of TLS.
      "aws:SecureTransport": "true",
    };
    const context: ConditionContext = (key) => {
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      return value === undefined ? request.context(key) : [value];
    };
    return { ...request, context };
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

/** What identity and resource come to together. */
interface Outcome {
  readonly verdict: Verdict;
  /** Whose policy decided. */
  readonly policy: Denial["policy"];
}

/** In one account either may allow. A key is AWS's exception: its own policy lets in, or says that roles' policies do. */
function outcomeOf(action: string, identity: Verdict, resource: ResourceVerdict): Outcome {
  if (identity === "explicitly_denied") return { verdict: identity, policy: "identity" };
  if (resource === "explicitly_denied" || resource === "allowed")
    return { verdict: resource, policy: "resource" };
  if (action.startsWith("kms:") && resource === "implicitly_denied")
    return { verdict: resource, policy: "resource" };
  return { verdict: identity, policy: "identity" };
}
