import type { Finding } from "./rule.ts";

/** A finding that is right as it is. One that no longer occurs is an error: it would hide the next. */
interface Exception {
  readonly rule: string;
  /** Where it occurs when not in production. */
  readonly stage?: string;
  /** Logical names. */
  readonly resources: readonly string[];
  readonly because: string;
}

const exceptions: readonly Exception[] = [
  {
    rule: "routes-authorized",
    resources: ["ApiRouteAcquirersRoute", "ApiRouteAcquirersBelowRoute"],
    because: "acquirers hold no tokens: they sign what they send, and the function checks the signature",
  },
  {
    rule: "routes-authorized",
    resources: ["ApiRoutePaymentReturnRoute"],
    because: "a customer's browser comes back by a link that we signed, and the function checks it",
  },
  {
    rule: "routes-authorized",
    resources: ["ApiRouteDefaultRoute"],
    because: "the fallback answers 404 and 405 and reads nothing",
  },
  {
    rule: "secrets-rotate",
    resources: ["CanaryClient"],
    because:
      "only an operator gives a merchant's client: people change it, and it reads one merchant that has no payments",
  },
  {
    rule: "no-administrators",
    stage: "account-production",
    resources: ["Deploy"],
    because:
      "it deploys all there is; what it may of IAM is limited, and each role it makes is under a ceiling",
  },
];

/** What a part of the estate that is still to come will mend. It goes from here with that part, or the check fails. */
interface OpenFinding {
  readonly rule: string;
  readonly resources: readonly string[];
  /** The part of the estate, as docs/decisions calls it. */
  readonly comesWith: string;
}

const openFindings: readonly OpenFinding[] = [];

export interface Sorted {
  /** What is wrong and nobody knew. */
  readonly unexpected: readonly Finding[];
  /** Known, with the part that mends it. */
  readonly open: readonly Finding[];
  /** Right as they are. */
  readonly excepted: readonly Finding[];
  /** Entries of this file that nothing needs any more, as `rule: resource`. */
  readonly unused: readonly string[];
}

/** Sorts what the rules found in a stage's plan. Of another stage than an entry's own, nothing is said to be unused. */
export function sortFindings(findings: readonly Finding[], stage: string): Sorted {
  const [excepted, rest] = split(findings, exceptions);
  const [open, unexpected] = split(rest, openFindings);
  const listed = [...exceptions, ...openFindings.map((each) => ({ stage: undefined, ...each }))]
    .filter((each) => (each.stage ?? "production") === stage)
    .flatMap(({ rule, resources }) => resources.map((resource) => `${rule}: ${resource}`));
  const found = new Set(findings.map(({ rule, resource }) => `${rule}: ${resource}`));
  return { unexpected, open, excepted, unused: listed.filter((each) => !found.has(each)) };
}

type Listed = Pick<Exception, "rule" | "resources">;

function split(findings: readonly Finding[], listed: readonly Listed[]): [Finding[], Finding[]] {
  const isListed = ({ rule, resource = "" }: Finding): boolean =>
    listed.some((each) => each.rule === rule && each.resources.includes(resource));
  return [findings.filter(isListed), findings.filter((each) => !isListed(each))];
}
