import type { ConditionContext } from "./access-request.ts";
import { arnPatternOf, type Pattern, patternOf } from "./pattern.ts";
import { UnsupportedPolicy } from "./unsupported-policy.ts";

/** Whether a request meets all that a statement's `Condition` asks. */
export type Condition = (context: ConditionContext) => boolean;

/** `Condition` of a statement: operator, key, values. */
export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** The keys that `requests/` can answer, and whether one request can have several values of it. */
const keys: Readonly<Record<string, "one" | "many">> = {
  "aws:PrincipalAccount": "one",
  "aws:PrincipalArn": "one",
  "aws:PrincipalIsAWSService": "one",
  "aws:PrincipalServiceName": "one",
  "aws:RequestedRegion": "one",
  "aws:SecureTransport": "one",
  "aws:SourceAccount": "one",
  "aws:SourceArn": "one",
  "dynamodb:Attributes": "many",
  "dynamodb:EnclosingOperation": "one",
  "dynamodb:LeadingKeys": "many",
  "dynamodb:ReturnConsumedCapacity": "one",
  "dynamodb:ReturnValues": "one",
  "dynamodb:Select": "one",
  "kms:CallerAccount": "one",
  "kms:EncryptionAlgorithm": "one",
  "kms:EncryptionContextKeys": "many",
  "kms:MacAlgorithm": "one",
  "kms:MessageType": "one",
  "kms:SigningAlgorithm": "one",
  "kms:RequestAlias": "one",
  "kms:ViaService": "one",
  "s3:VersionId": "one",
  "s3:delimiter": "one",
  "s3:if-match": "one",
  "s3:if-none-match": "one",
  "s3:object-lock-legal-hold": "one",
  "s3:object-lock-mode": "one",
  "s3:prefix": "one",
  "s3:x-amz-acl": "one",
  "s3:x-amz-copy-source": "one",
  "s3:x-amz-metadata-directive": "one",
  "s3:x-amz-server-side-encryption": "one",
  "s3:x-amz-server-side-encryption-aws-kms-key-id": "one",
  "s3:x-amz-storage-class": "one",
  "sns:Endpoint": "one",
  "sns:Protocol": "one",
};
const encryptionContextPrefix = "kms:EncryptionContext:";

interface Operator {
  readonly pattern: (value: string) => Pattern;
  /** It holds for what matches none of the values. */
  readonly negated?: true;
}

const equals = (value: string): Pattern => {
  return (text) => text === value;
};
const equalsInAnyCase = (value: string): Pattern => {
  const wanted = value.toLowerCase();
  return (text) => text.toLowerCase() === wanted;
};
const like = (value: string): Pattern => patternOf(value);

const operators: Readonly<Record<string, Operator>> = {
  StringEquals: { pattern: equals },
  StringNotEquals: { pattern: equals, negated: true },
  StringEqualsIgnoreCase: { pattern: equalsInAnyCase },
  StringNotEqualsIgnoreCase: { pattern: equalsInAnyCase, negated: true },
  StringLike: { pattern: like },
  StringNotLike: { pattern: like, negated: true },
  ArnEquals: { pattern: arnPatternOf },
  ArnNotEquals: { pattern: arnPatternOf, negated: true },
  ArnLike: { pattern: arnPatternOf },
  ArnNotLike: { pattern: arnPatternOf, negated: true },
  Bool: { pattern: equalsInAnyCase },
};

const operatorPattern = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/** @throws UnsupportedPolicy for an operator or a key that is not known here. */
export function conditionOf(block: ConditionBlock): Condition {
  const tests = Object.entries(block).flatMap(([operator, byKey]) =>
    Object.entries(byKey).map(([key, values]) => testOf(operator, key, [values].flat())),
  );
  return (context) => tests.every((test) => test(context));
}

function testOf(written: string, key: string, values: readonly string[]): Condition {
  const kind = kindOf(key);
  if (written === "Null") return nullTest(key, values);
  const [, set, name = "", ifExists] = operatorPattern.exec(written) ?? [];
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (operator === undefined) throw new UnsupportedPolicy(`the condition operator ${written}`);
  if (kind === "many" && set === undefined) {
    throw new UnsupportedPolicy(
      `${written} on ${key}, which has many values, without ForAllValues or ForAnyValue`,
    );
  }
  for (const value of values) {
    if (/\$\{[^}]*\}/.test(value)) throw new UnsupportedPolicy(`the policy variable in ${value}`);
  }
  const patterns = values.map(operator.pattern);
  const holds = (value: string): boolean =>
    patterns.some((matches) => matches(value)) !== (operator.negated === true);
  const whenAbsent = ifExists !== undefined || absent(set, operator);
  return (context) => {
    const given = context(key);
    if (given === undefined || given.length === 0) return whenAbsent;
    return set === "ForAnyValue" ? given.some(holds) : given.every(holds);
  };
}

function kindOf(key: string): "one" | "many" {
  if (key.startsWith(encryptionContextPrefix)) return "one";
  const kind = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (kind === undefined) throw new UnsupportedPolicy(`the condition key ${key}`);
  return kind;
}

/** "All of none" holds and "any of none" does not; a key that is not there equals nothing. */
function absent(set: string | undefined, { negated }: Operator): boolean {
  if (set !== undefined) return set === "ForAllValues";
  return negated === true;
}

function nullTest(key: string, values: readonly string[]): Condition {
  const wanted = new Set(values.map((value) => value.toLowerCase() === "true"));
  return (context) => wanted.has((context(key)?.length ?? 0) === 0);
}
