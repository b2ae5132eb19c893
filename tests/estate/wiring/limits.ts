import type { Check } from "../rules/rule.ts";

/** What a text may be, where AWS says so only when it is deployed. */
interface Limit {
  /** Types of resources, by the beginning of their names. */
  readonly of: string;
  readonly input: string;
  readonly fits: (text: string) => boolean;
  readonly asks: string;
}

const atMost = (characters: number): Pick<Limit, "fits" | "asks"> => ({
  fits: (text) => text.length <= characters,
  asks: `${characters} characters at most`,
});
/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html */
const ruleText = {
  fits: (text: string) => /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/.test(text),
  asks: "255 characters at most of letters, digits and . _-:/()#,@[]+=&;{}!$*",
};

const limits: readonly Limit[] = [
  { of: "aws:ec2/securityGroup:", input: "description", ...ruleText },
  { of: "aws:vpc/securityGroup", input: "description", ...ruleText },
  { of: "aws:xray/samplingRule:", input: "ruleName", ...atMost(32) },
  { of: "aws:xray/group:", input: "groupName", ...atMost(32) },
  { of: "aws:codeconnections/connection:", input: "name", ...atMost(32) },
  { of: "aws:lambda/function:", input: "name", ...atMost(64) },
  { of: "aws:lambda/function:", input: "description", ...atMost(256) },
  { of: "aws:iam/role:", input: "name", ...atMost(64) },
  { of: "aws:iam/role:", input: "description", ...atMost(1_000) },
  { of: "aws:s3/bucket:", input: "bucket", ...atMost(63) },
  { of: "aws:sqs/queue:", input: "name", ...atMost(80) },
  { of: "aws:sfn/stateMachine:", input: "name", ...atMost(80) },
  { of: "aws:synthetics/canary:", input: "name", ...atMost(255) },
  { of: "aws:elasticache/serverlessCache:", input: "name", ...atMost(40) },
  { of: "aws:rds/cluster:", input: "clusterIdentifier", ...atMost(63) },
  { of: "aws:scheduler/schedule:", input: "name", ...atMost(64) },
];

/** Names and descriptions are such that AWS takes them. */
export const textsFit: Check = (plan) =>
  plan.resources.flatMap((resource) =>
    limits
      .filter(({ of }) => resource.type.startsWith(of))
      .flatMap(({ input, fits, asks }) => {
        const text = (resource.inputs as Readonly<Record<string, unknown>>)[input];
        return typeof text !== "string" || fits(text)
          ? []
          : [{ resource, message: `${input} is "${text}", and AWS takes ${asks}` }];
      }),
  );
