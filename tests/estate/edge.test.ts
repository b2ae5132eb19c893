import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { edgeRules } from "#local/http-api/edge.ts";
import { type FunctionInputs, ofType, production } from "./committed-plan.ts";

const name = "api.tallystick.example";
const outputOf = (logical: string, output = "arn"): unknown => production.resource(logical).outputs?.[output];

interface Distribution {
  readonly aliases: readonly string[];
  readonly webAclId: string;
  readonly origins: readonly {
    readonly domainName: string;
    readonly customHeaders: readonly { readonly name: string; readonly value: string }[];
  }[];
  readonly customErrorResponses: readonly {
    readonly errorCode: number;
    readonly errorCachingMinTtl: number;
  }[];
}
const edge = production.resource<Distribution>("Edge").inputs;

describe("the edge", () => {
  it("is in front of production, and of nothing on the laptop", () => {
    expect(production.ofType("aws:cloudfront/distribution:Distribution")).toHaveLength(1);
    expect(ofType("aws:cloudfront/distribution:Distribution")).toEqual([]);
  });

  it("speaks TLS 1.2 at least, HTTP/2 and HTTP/3, and nothing in the clear", () => {
    expect(edge).toMatchObject({
      aliases: [name],
      httpVersion: "http2and3",
      viewerCertificate: {
        acmCertificateArn: outputOf("EdgeCertificate"),
        minimumProtocolVersion: "TLSv1.2_2021",
      },
      defaultCacheBehavior: { viewerProtocolPolicy: "https-only" },
      origins: [
        { customOriginConfig: { originProtocolPolicy: "https-only", originSslProtocols: ["TLSv1.2"] } },
      ],
    });
  });

  it("keeps no answer, and no error: one merchant's 404 is not another's", () => {
    expect(edge).toMatchObject({
      // AWS's own policies: CachingDisabled, AllViewerExceptHostHeader.
      defaultCacheBehavior: {
        cachePolicyId: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        originRequestPolicyId: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
      },
    });
    const notKept = edge.customErrorResponses.filter(({ errorCachingMinTtl }) => errorCachingMinTtl === 0);
    // Those that CloudFront would keep for ten seconds.
    expect(notKept.map(({ errorCode }) => errorCode)).toEqual(
      expect.arrayContaining([400, 403, 404, 405, 414, 500, 501, 502, 503, 504]),
    );
  });

  it("waits longer than the gateway does, whose answer is the better one", () => {
    expect(edge).toMatchObject({ origins: [{ customOriginConfig: { originReadTimeout: 35 } }] });
  });

  it("adds headers that browsers heed, and leaves a page its own policy on frames", () => {
    const { securityHeadersConfig } = production.resource<{ securityHeadersConfig: object }>(
      "EdgeSecurityHeaders",
    ).inputs;
    expect(securityHeadersConfig).toMatchObject({
      strictTransportSecurity: { accessControlMaxAgeSec: 63_072_000, includeSubdomains: true },
      contentTypeOptions: { override: true },
      contentSecurityPolicy: { override: false },
    });
    expect(securityHeadersConfig).not.toHaveProperty("frameOptions");
  });
});

describe("the way around the edge", () => {
  const secret = edge.origins[0]?.customHeaders.find(({ name }) => name === "X-Origin-Secret")?.value;
  const served = production
    .ofType<{ integrationUri: string }>("aws:apigatewayv2/integration:Integration")
    .map(({ inputs }) => inputs.integrationUri);
  const behindRoutes = production
    .ofType<FunctionInputs>("aws:lambda/function:Function")
    .filter(({ outputs }) => served.includes(String(outputs?.["arn"])));

  it("has no address of API Gateway's", () => {
    expect(production.ofType("aws:apigatewayv2/api:Api").map(({ inputs }) => inputs)).toEqual([
      expect.objectContaining({ disableExecuteApiEndpoint: true }),
    ]);
  });

  it("ends at a secret that every function behind a route asks for, and the one before it", () => {
    expect(behindRoutes.length).toBeGreaterThanOrEqual(9);
    for (const { parent, inputs } of behindRoutes) {
      expect(inputs.environment.variables["ORIGIN_SECRETS"], parent).toBe(
        `${secret},${outputOf("OriginSecret1", "value")}`,
      );
    }
    expect(secret).toBe(outputOf("OriginSecret2", "value"));
  });

  it("is told to no other function", () => {
    const told = production
      .ofType<FunctionInputs>("aws:lambda/function:Function")
      .filter(({ inputs }) => "ORIGIN_SECRETS" in inputs.environment.variables);
    expect(told).toEqual(behindRoutes);
  });

  it("does not exist on the laptop, where there is no edge to come through", () => {
    const told = ofType<FunctionInputs>("aws:lambda/function:Function").filter(
      ({ inputs }) => "ORIGIN_SECRETS" in inputs.environment.variables,
    );
    expect(told).toEqual([]);
  });

  it("is closed by secrets that are drawn once, and stored encrypted", () => {
    for (const generation of [1, 2]) {
      const { inputs, options } = production.resource(`OriginSecret${generation}`);
      expect(inputs).toMatchObject({ type: "SecureString" });
      expect(options).toEqual({ ignoreChanges: ["value"] });
    }
  });
});

describe("names", () => {
  const recordsOf = (type: string, of: string) =>
    production
      .ofType<{ name: string; type: string; aliases?: readonly { readonly name: string }[] }>(
        "aws:route53/record:Record",
      )
      .filter(({ inputs }) => inputs.name === of && inputs.type === type)
      .flatMap(({ inputs }) => inputs.aliases?.map((alias) => alias.name));

  it("lead callers to the edge, and the edge to the gateway", () => {
    expect(recordsOf("A", name)).toEqual([outputOf("Edge", "domainName")]);
    expect(recordsOf("AAAA", name)).toEqual([outputOf("Edge", "domainName")]);
    const { targetDomainName } = outputOf("OriginDomain", "domainNameConfiguration") as {
      targetDomainName: string;
    };
    expect(recordsOf("A", `origin.${name}`)).toEqual([targetDomainName]);
    expect(edge.origins.map(({ domainName }) => domainName)).toEqual([`origin.${name}`]);
    expect(production.resource("OriginMapping").inputs).toMatchObject({
      apiId: production.ofType("aws:apigatewayv2/api:Api")[0]?.outputs?.["id"],
      domainName: `origin.${name}`,
    });
  });

  it("are those of links that we send out", () => {
    const { variables } = production.resource<FunctionInputs>("AuthorizeTaskFunction").inputs.environment;
    expect(variables["PUBLIC_URL"]).toBe(`https://${name}`);
  });

  it("have certificates where they are used, proven in the stage's own zone, from Amazon alone", () => {
    expect(production.resource("EdgeCertificate").inputs).toMatchObject({
      domainName: name,
      region: "us-east-1",
      validationMethod: "DNS",
    });
    expect(production.resource("OriginCertificate").inputs).toMatchObject({
      domainName: `origin.${name}`,
      region: "eu-west-1",
      validationMethod: "DNS",
    });
    for (const certificate of ["Edge", "Origin"]) {
      const [proof] = outputOf(`${certificate}Certificate`, "domainValidationOptions") as readonly {
        readonly resourceRecordValue: string;
      }[];
      expect(production.resource(`${certificate}CertificateProof`).inputs).toMatchObject({
        zoneId: outputOf("ApiZone", "zoneId"),
        records: [proof?.resourceRecordValue],
      });
    }
    expect(production.resource("ApiZoneIssuers").inputs).toMatchObject({
      type: "CAA",
      records: ['0 issue "amazon.com"', '0 issuewild ";"'],
    });
  });

  it("are asked for in a log that is kept for a year", () => {
    expect(production.resource("ApiZoneQueryLog").inputs).toEqual({
      zoneId: outputOf("ApiZone", "zoneId"),
      cloudwatchLogGroupArn: outputOf("ApiZoneQueries"),
    });
    expect(production.resource("ApiZoneQueries").inputs).toMatchObject({ retentionInDays: 365 });
  });
});

interface Rule {
  readonly name: string;
  readonly priority: number;
  readonly action?: { readonly block?: { readonly customResponse: { readonly responseCode: number } } };
  readonly statement: {
    readonly managedRuleGroupStatement?: {
      readonly ruleActionOverrides: readonly { readonly name: string }[];
    };
    readonly rateBasedStatement?: { readonly limit: number; readonly aggregateKeyType: string };
    readonly sizeConstraintStatement?: { readonly size: number };
  };
  readonly visibilityConfig: { readonly sampledRequestsEnabled: boolean };
}

describe("the firewall", () => {
  const firewall = production.resource<{
    readonly rules: readonly Rule[];
    readonly customResponseBodies: readonly { readonly key: string; readonly content: string }[];
    readonly visibilityConfig: Rule["visibilityConfig"];
  }>("EdgeFirewall").inputs;
  const ruleOf = (rule: string) => firewall.rules.find((each) => each.name === rule);

  it("is CloudFront's", () => {
    expect(firewall).toMatchObject({ scope: "CLOUDFRONT", region: "us-east-1" });
    expect(edge.webAclId).toBe(outputOf("EdgeFirewall"));
  });

  it("blocks a body over 32 KB with the very answer of the laptop's edge, and sees the whole of a smaller one", () => {
    expect(ruleOf("LargeBodies")).toMatchObject({
      statement: {
        sizeConstraintStatement: {
          comparisonOperator: "GT",
          size: edgeRules.bodyBytesMax,
          fieldToMatch: { body: { oversizeHandling: "MATCH" } },
        },
      },
      action: {
        block: { customResponse: { responseCode: 413, customResponseBodyKey: "body-too-large" } },
      },
    });
    expect(firewall).toMatchObject({
      associationConfig: { requestBodies: [{ cloudfront: { defaultSizeInspectionLimit: "KB_32" } }] },
    });
    expect(firewall.customResponseBodies.find(({ key }) => key === "body-too-large")?.content).toBe(
      edgeRules.bodyTooLarge.body,
    );
  });

  it("counts, and does not block, what is allowed here: bodies over 8 KB, and servers without a name", () => {
    const managed = firewall.rules.filter(({ statement }) => statement.managedRuleGroupStatement);
    expect(managed.map((rule) => rule.name)).toEqual([
      "AWSManagedRulesAmazonIpReputationList",
      "AWSManagedRulesKnownBadInputsRuleSet",
      "AWSManagedRulesCommonRuleSet",
    ]);
    const counted = managed.flatMap(
      ({ statement }) => statement.managedRuleGroupStatement?.ruleActionOverrides ?? [],
    );
    expect(counted.map((rule) => rule.name)).toEqual(["SizeRestrictions_BODY", "NoUserAgent_HEADER"]);
  });

  it("slows one address down, sooner without credentials", () => {
    const limitOf = (rule: string) => ruleOf(rule)?.statement.rateBasedStatement;
    const [all, anonymous] = [limitOf("RequestsOfOneAddress"), limitOf("AnonymousRequestsOfOneAddress")];
    expect(all).toMatchObject({ aggregateKeyType: "IP" });
    expect(anonymous?.limit).toBeLessThan(all?.limit ?? 0);
  });

  it("gives each rule a priority of its own", () => {
    const priorities = firewall.rules.map(({ priority }) => priority);
    expect(new Set(priorities).size).toBe(firewall.rules.length);
  });
});

describe("what is written down at the edge", () => {
  it("holds no path, no query and no header that proves who sends", () => {
    const { recordFields } = production.resource<{ recordFields: readonly string[] }>(
      "EdgeAccessLogDelivery",
    ).inputs;
    expect(recordFields.filter((field) => /uri|query|cookie|referer|host/i.test(field))).toEqual([]);
    expect(recordFields).toEqual(expect.arrayContaining(["c-ip", "sc-status", "x-edge-request-id"]));
    expect(production.resource("EdgeFirewallLog").inputs).toMatchObject({
      redactedFields: expect.arrayContaining([
        { singleHeader: { name: "authorization" } },
        { singleHeader: { name: "acquirer-signature" } },
        { queryString: {} },
        { uriPath: {} },
      ]),
    });
  });

  it("is not shown as a sample, which would hold all headers", () => {
    const { rules, visibilityConfig } = production.resource<{
      readonly rules: readonly Rule[];
      readonly visibilityConfig: Rule["visibilityConfig"];
    }>("EdgeFirewall").inputs;
    const configs = [visibilityConfig, ...rules.map((rule) => rule.visibilityConfig)];
    expect(configs.every(({ sampledRequestsEnabled }) => !sampledRequestsEnabled)).toBe(true);
  });

  it("goes to one bucket that is encrypted, closed, kept for a year, and open to deliveries of this account", () => {
    const bucket = "aws-waf-logs-tallystick-production-edge-123456789012";
    expect(production.resource("EdgeAccessLogBucket").inputs).toMatchObject({
      deliveryDestinationConfiguration: { destinationResourceArn: `arn:aws:s3:::${bucket}` },
    });
    expect(production.resource("EdgeFirewallLog").inputs).toMatchObject({
      logDestinationConfigs: [`arn:aws:s3:::${bucket}`],
    });
    expect(production.resource("EdgeLogsBucketEncryption").inputs).toMatchObject({
      rules: [{ applyServerSideEncryptionByDefault: { kmsMasterKeyId: outputOf("EdgeLogsKey") } }],
    });
    expect(production.resource("EdgeLogsBucketLifecycle").inputs).toMatchObject({
      rules: [{ expiration: { days: 365 } }],
    });
    const { policy } = production.resource<{
      policy: { Statement: readonly { readonly Effect: string; readonly Condition: unknown }[] };
    }>("EdgeLogsBucketPolicy").inputs;
    const ofThisAccount = {
      StringEquals: { "aws:SourceAccount": "123456789012" },
      ArnLike: { "aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:*" },
    };
    for (const { Effect, Condition } of policy.Statement) {
      expect(Condition).toEqual(
        Effect === "Deny" ? { Bool: { "aws:SecureTransport": "false" } } : ofThisAccount,
      );
    }
  });
});

describe("whether the API is there", () => {
  it("is asked from outside, through the edge, and told by email when it is not", () => {
    expect(production.resource("ApiHealth").inputs).toMatchObject({
      type: "HTTPS",
      fqdn: name,
      resourcePath: "/health",
    });
    expect(production.resource("ApiUnreachableAlarm").inputs).toMatchObject({
      region: "us-east-1",
      dimensions: { HealthCheckId: outputOf("ApiHealth", "id") },
      alarmActions: [outputOf("EdgeAlarms")],
    });
    expect(production.resource("EdgeAlarmsByEmail").inputs).toMatchObject({
      topic: outputOf("EdgeAlarms"),
      protocol: "email",
    });
  });
});

describe("the function at the edge", () => {
  interface Header {
    readonly value: string;
    readonly multiValue?: readonly Header[];
  }
  interface Request {
    readonly headers: Readonly<Record<string, Header>>;
    readonly cookies?: Readonly<Record<string, Header>>;
  }
  const { code } = production.resource<{ code: string }>("EdgeHead").inputs;
  const handler = runInNewContext(`${code}; handler`) as (event: { request: Request }) => Request & {
    readonly statusCode?: number;
    readonly headers: Record<string, Header>;
    readonly body?: string;
  };
  const answerTo = (headers: Request["headers"], cookies = {}) => handler({ request: { headers, cookies } });
  const long = (bytes: number): Header => ({ value: "y".repeat(bytes) });

  it("lets headers of 8 KB through as they are, names counted", () => {
    const headers = { x: long(8_191) };
    expect(answerTo(headers)).toEqual({ headers, cookies: {} });
  });

  it.each([
    ["one byte more", { x: long(8_192) }, {}],
    ["two headers that are too long together", { x: long(4_096), y: long(4_096) }, {}],
    ["a header that is there twice", { x: { ...long(4_096), multiValue: [long(4_096), long(4_096)] } }, {}],
    ["a cookie", {}, { c: long(8_192) }],
  ])("answers as the laptop's edge does to %s", (_name, headers, cookies) => {
    const answer = answerTo(headers, cookies);
    const { statusCode, body, headers: laptops } = edgeRules.headersTooLarge;
    expect(answer.statusCode).toBe(statusCode);
    expect(answer.body).toBe(body);
    expect(Object.entries(answer.headers).map(([key, { value }]) => [key, value])).toEqual(laptops);
  });
});
