import { globalRegion } from "./constants.ts";
import { physicalName } from "./naming.ts";

/** How many requests one address may send in five minutes, before WAF answers 429. */
export interface FirewallSettings {
  /** All requests: a merchant's servers share few addresses. 10 or more. */
  readonly requestsPerAddress: number;
  /** Requests without credentials, but for acquirers' notifications: nobody has many to send. 10 or more. */
  readonly anonymousRequestsPerAddress: number;
}

type Rule = aws.types.input.wafv2.WebAclRule;
type Statement = aws.types.input.wafv2.WebAclRuleStatement;

/** Bodies of the edge's answers have the fields of a problem; their media type cannot be one. */
const problem = (status: number, code: string, title: string): string =>
  JSON.stringify({ type: "about:blank", title, status, code });

/** By status code. `local/http-api/edge.ts` says the same: a test compares them. */
const refusals = {
  413: ["body-too-large", problem(413, "body_too_large", "The request body is larger than 32 KB")],
  429: ["too-many-requests", problem(429, "too_many_requests", "Too many requests from this address")],
} as const;

/** 32 KB: the largest body that any route takes, and as far as WAF is told to look. */
const bodyBytesMax = 32 * 1024;

const asTheyCome = [{ priority: 0, type: "NONE" }];

/**
 * What the edge lets through. Our own rules say what our callers may do, the managed ones know what attackers do.
 *
 * Requests are not sampled: samples hold all headers, and the console shows them to whoever may look at WAF.
 */
export function createFirewall(settings: FirewallSettings): aws.wafv2.WebAcl {
  const rules = [
    block("LargeBodies", 413, {
      sizeConstraintStatement: {
        // A body that goes on where WAF stops to look is larger than 32 KB by that alone.
        fieldToMatch: { body: { oversizeHandling: "MATCH" } },
        comparisonOperator: "GT",
        size: bodyBytesMax,
        textTransformations: asTheyCome,
      },
    }),
    managed("AWSManagedRulesAmazonIpReputationList"),
    block("RequestsOfOneAddress", 429, perAddress(settings.requestsPerAddress)),
    block(
      "AnonymousRequestsOfOneAddress",
      429,
      perAddress(settings.anonymousRequestsPerAddress, withoutCredentials),
    ),
    managed("AWSManagedRulesKnownBadInputsRuleSet"),
    // Counted, for what they refuse is allowed here: bodies over 8 KB, up to our own limit; and servers that do not say
    // what software they are.
    managed("AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY", "NoUserAgent_HEADER"),
  ];
  return new aws.wafv2.WebAcl("EdgeFirewall", {
    region: globalRegion,
    scope: "CLOUDFRONT",
    name: physicalName("Edge"),
    description: "What the edge lets through to the HTTP API",
    defaultAction: { allow: {} },
    associationConfig: { requestBodies: [{ cloudfront: { defaultSizeInspectionLimit: "KB_32" } }] },
    customResponseBodies: Object.values(refusals).map(([key, content]) => ({
      key,
      content,
      contentType: "APPLICATION_JSON",
    })),
    rules: rules.map((rule, priority) => ({ ...rule, priority })),
    visibilityConfig: counting("Edge"),
  });
}

const counting = (metric: string): Rule["visibilityConfig"] => ({
  cloudwatchMetricsEnabled: true,
  metricName: physicalName(metric),
  sampledRequestsEnabled: false,
});

function block(name: string, status: keyof typeof refusals, statement: Statement): Omit<Rule, "priority"> {
  const customResponse = { responseCode: status, customResponseBodyKey: refusals[status][0] };
  return { name, statement, action: { block: { customResponse } }, visibilityConfig: counting(name) };
}

/** @param counted rules of the group that count, and do not block. */
function managed(name: string, ...counted: string[]): Omit<Rule, "priority"> {
  const ruleActionOverrides = counted.map((each) => ({ name: each, actionToUse: { count: {} } }));
  return {
    name,
    statement: { managedRuleGroupStatement: { vendorName: "AWS", name, ruleActionOverrides } },
    overrideAction: { none: {} },
    visibilityConfig: counting(name),
  };
}

/** Seconds. WAF counts over the last five minutes, and looks several times in one. */
const evaluationWindowSec = 300;

function perAddress(limit: number, scopeDownStatement?: Statement): Statement {
  return {
    rateBasedStatement: {
      aggregateKeyType: "IP",
      evaluationWindowSec,
      limit,
      ...(scopeDownStatement && { scopeDownStatement }),
    },
  };
}

const not = (statement: Statement): Statement => ({ notStatement: { statements: [statement] } });

const withoutCredentials: Statement = {
  andStatement: {
    statements: [
      // A header that is not there has no size, and matches nothing.
      not({
        sizeConstraintStatement: {
          fieldToMatch: { singleHeader: { name: "authorization" } },
          comparisonOperator: "GE",
          size: 1,
          textTransformations: asTheyCome,
        },
      }),
      not({
        byteMatchStatement: {
          fieldToMatch: { uriPath: {} },
          positionalConstraint: "STARTS_WITH",
          searchString: "/v1/acquirers/",
          textTransformations: asTheyCome,
        },
      }),
    ],
  },
};
