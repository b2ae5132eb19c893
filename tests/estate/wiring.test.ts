import { describe, expect, it } from "vitest";
import { paymentSortKey } from "#adapters/dynamodb/keys.ts";
import { newsEventTypes } from "#core/notifications/kinds.ts";
import { merchantScopes } from "#functions/verdict.ts";
import { compilePattern } from "#local/event-patterns/pattern.ts";
import { functions, ofType, resource } from "./committed-plan.ts";

const arnOf = (name: string): unknown => resource(name).outputs?.["arn"];

/** `DEAD_LETTERS` is `DeadLetters`. */
const logical = (upperSnake: string): string =>
  upperSnake.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** What a variable says, by its name. */
function meaningOf(variable: string): unknown {
  const [, name = "", kind] =
    /^(\w+)_(TABLE|KEY_ARN|QUEUE_URL|STREAM|TOPIC_ARN|BUCKET|SAGA_ARN)$/.exec(variable) ?? [];
  switch (kind) {
    case "TABLE":
      return `tallystick-local-${name.toLowerCase().replaceAll("_", "-")}`;
    case "KEY_ARN":
      return arnOf(`${logical(name)}Key`);
    case "QUEUE_URL":
      return resource(`${logical(name)}Queue`).outputs?.["url"];
    case "STREAM":
      return resource<{ name: string }>(logical(name)).inputs.name;
    case "TOPIC_ARN":
      return arnOf(logical(name));
    case "BUCKET":
      return resource<{ bucket: string }>(`${logical(name)}Bucket`).inputs.bucket;
    case "SAGA_ARN":
      return arnOf(`${logical(name)}Saga`);
    default:
      return namedVariables[variable];
  }
}

const userPoolId = String(resource("Clients").outputs?.["id"]);

const namedVariables: Readonly<Record<string, unknown>> = {
  // Nobody has ever taken over from the laptop.
  EPOCH: "1",
  ACQUIRERS: expect.any(String),
  PUBLIC_URL: ofType("aws:apigatewayv2/api:Api")[0]?.outputs?.["apiEndpoint"],
  TOKEN_ISSUER: `https://cognito-idp.eu-west-1.amazonaws.com/${userPoolId}`,
  USER_POOL_ID: userPoolId,
  WAREHOUSE_WORKGROUP: "tallystick-local-warehouse",
  WAREHOUSE_DATABASE: "warehouse",
  WAREHOUSE_OWNER_SECRET_ARN: resource("WarehouseData").outputs?.["adminPasswordSecretArn"],
  WAREHOUSE_SOURCES: JSON.stringify({
    stream: "tallystick-local-payment-events",
    archive: "s3://tallystick-local-archive-123456789012/events/",
  }),
};

interface Machine {
  readonly name: string;
  readonly type: string;
  readonly definition: {
    readonly TimeoutSeconds: number;
    readonly States: Readonly<
      Record<
        string,
        { readonly TimeoutSeconds?: number; readonly Arguments?: { readonly FunctionName?: string } }
      >
    >;
  };
  readonly loggingConfiguration: object;
}

describe("functions", () => {
  it("that tell merchants are shown news, and no other events", () => {
    const { filterCriteria } = resource("NotifySource").inputs as {
      readonly filterCriteria: { readonly filters: readonly { readonly pattern: string }[] };
    };
    const [pattern, ...others] = filterCriteria.filters.map((filter) => JSON.parse(filter.pattern));
    expect(others).toEqual([]);
    expect(pattern.data.type.toSorted()).toEqual(newsEventTypes.toSorted());
  });

  it.each(functions)("$parent is given each variable with its one meaning", ({ inputs }) => {
    for (const [name, value] of Object.entries(inputs.environment.variables)) {
      expect(value, name).toEqual(meaningOf(name));
    }
  });

  it("route between two sandbox acquirers on the laptop", () => {
    const { ACQUIRERS = "" } =
      functions.find(({ parent }) => parent === "AuthorizeTask")?.inputs.environment.variables ?? {};
    expect(JSON.parse(ACQUIRERS)).toEqual([
      {
        name: "alpha",
        url: "https://alpha.acquirer.test",
        currencies: expect.arrayContaining(["EUR"]),
        cost_bp: 20,
      },
      {
        name: "beta",
        url: "https://beta.acquirer.test",
        currencies: expect.arrayContaining(["EUR"]),
        cost_bp: 35,
      },
    ]);
  });

  it.each(functions)(
    "$parent runs on arm64 with Node 24, traced, its log in a group of its own",
    ({ inputs }) => {
      expect(inputs.runtime).toBe("nodejs24.x");
      expect(inputs.architectures).toEqual(["arm64"]);
      expect(inputs.tracingConfig).toEqual({ mode: "Active" });
      expect(inputs.loggingConfig.logGroup).toBe(`/aws/lambda/${inputs.name}`);
    },
  );

  it.each(functions)("$parent names its handler as a file of the project", ({ handler }) => {
    expect(handler).toMatch(
      /^functions\/(api|authorizer|consumers|tasks|tasks\/failover)\/[a-z-]+\.handler$/,
    );
  });
});

describe("logs", () => {
  it("are kept for 365 days", () => {
    const groups = ofType<{ retentionInDays?: number }>("aws:cloudwatch/logGroup:LogGroup");
    // Of each function, each saga, the API, three of the warehouse, and each delivery.
    const sagas = ofType("aws:sfn/stateMachine:StateMachine").length;
    expect(groups).toHaveLength(functions.length + sagas + 1 + 3 + 2);
    for (const { name, inputs } of groups) expect(inputs.retentionInDays, name).toBe(365);
  });

  it("of the API hold routes and no paths, into which a caller may write a card number", () => {
    const { accessLogSettings } = resource<{ accessLogSettings: { format: string } }>("ApiStage").inputs;
    const logged = Object.values(JSON.parse(accessLogSettings.format) as object);
    expect(logged).toEqual(
      expect.arrayContaining([
        "$context.routeKey",
        "$context.identity.sourceIp",
        "$context.authorizer.client_id",
      ]),
    );
    expect(accessLogSettings.format).not.toContain("path");
  });
});

describe.each([
  {
    saga: "Payment",
    tasks: ["Recover", "Transfer", "Authorize", "Resume", "Post", "Settle", "Compensate", "Review"],
  },
  { saga: "Refund", tasks: ["Recover", "HoldRefund", "GiveBack", "ReviewRefund"] },
])("the $saga saga", ({ saga, tasks }) => {
  const { inputs } = resource<Machine>(`${saga}Saga`);

  it("is of the Express type", () => {
    expect(inputs.type).toBe("EXPRESS");
  });

  it("logs errors, and never the data of an execution", () => {
    expect(inputs.loggingConfiguration).toEqual({
      level: "ERROR",
      includeExecutionData: false,
      logDestination: `${String(arnOf(`${saga}SagaLogGroup`))}:*`,
    });
  });

  it("invokes its tasks in their order", () => {
    const states = Object.values(inputs.definition.States).filter((state) => state.Arguments?.FunctionName);
    expect(states).toHaveLength(tasks.length);
    states.forEach((state, index) => {
      const fn = resource(`${tasks[index]}TaskFunction`);
      expect(state.Arguments?.FunctionName).toBe(fn.outputs?.["arn"]);
    });
  });
});

describe("tables", () => {
  const string = (name: string) => ({ name, type: "S" });

  it.each(["Ledger", "Idempotency", "Vault", "Merchants", "DeadLetters"])(
    "%s is on demand, under pk and sk",
    (name) => {
      expect(resource(`${name}Table`).inputs).toMatchObject({
        billingMode: "PAY_PER_REQUEST",
        hashKey: "pk",
        rangeKey: "sk",
        attributes: [string("pk"), string("sk")],
        globalSecondaryIndexes: [],
      });
    },
  );

  const byTime = { name: "by_time", hashKey: "list_pk", rangeKey: "list_sk", projectionType: "KEYS_ONLY" };

  it.each([
    {
      name: "Payments",
      indexes: [byTime, { name: "due", hashKey: "due_pk", rangeKey: "due_at", projectionType: "KEYS_ONLY" }],
    },
    { name: "Events", indexes: [byTime] },
  ])("$name has indexes of keys only", ({ name, indexes }) => {
    expect(resource(`${name}Table`).inputs).toMatchObject({
      billingMode: "PAY_PER_REQUEST",
      hashKey: "pk",
      rangeKey: "sk",
      globalSecondaryIndexes: indexes,
    });
  });

  it("Idempotency forgets what has expired", () => {
    expect(resource("IdempotencyTable").inputs).toMatchObject({
      ttl: { attributeName: "expires_at", enabled: true },
    });
  });

  it("Vault is encrypted under a key that decrypts no card", () => {
    const { inputs } = resource("VaultTable");
    expect(inputs).toMatchObject({
      serverSideEncryption: { enabled: true, kmsKeyArn: arnOf("VaultTableKey") },
    });
    expect(arnOf("VaultTableKey")).not.toBe(arnOf("VaultKey"));
  });
});

describe("what carries messages", () => {
  interface Queue {
    readonly name: string;
    readonly visibilityTimeoutSeconds?: number;
    readonly redrivePolicy?: string;
    readonly sqsManagedSseEnabled: boolean;
  }
  interface Mapping {
    readonly eventSourceArn: string;
    readonly functionName: string;
    readonly functionResponseTypes: readonly string[];
    readonly bisectBatchOnFunctionError?: boolean;
    readonly maximumRetryAttempts?: number;
    readonly destinationConfig?: { readonly onFailure: { readonly destinationArn: string } };
  }
  const queues = ofType<Queue>("aws:sqs/queue:Queue");
  const mappings = ofType<Mapping>("aws:lambda/eventSourceMapping:EventSourceMapping");

  it("is encrypted at rest", () => {
    for (const { name, inputs } of queues) expect(inputs.sqsManagedSseEnabled, name).toBe(true);
    expect(resource("PaymentEvents").inputs).toMatchObject({ encryptionType: "KMS" });
  });

  it("gives up to dead letters, behind which there is one queue for people", () => {
    const behind = Object.fromEntries(
      queues.map(({ name, inputs }) => [
        name,
        inputs.redrivePolicy === undefined
          ? undefined
          : (JSON.parse(inputs.redrivePolicy) as { deadLetterTargetArn: string }).deadLetterTargetArn,
      ]),
    );
    expect(behind).toEqual({
      ChecksQueue: arnOf("DeadLettersQueue"),
      DeadLettersQueue: arnOf("DeadLettersUnreadQueue"),
      DeadLettersUnreadQueue: undefined,
      // Files have people's runbook behind them, and no replay.
      InboundFilesQueue: arnOf("InboundFilesUnreadQueue"),
      InboundFilesUnreadQueue: undefined,
      JournalFilesQueue: arnOf("JournalFilesUnreadQueue"),
      JournalFilesUnreadQueue: undefined,
    });
  });

  it("gives the relay the changes of payments, and no others", () => {
    const { inputs } = resource<{ filterCriteria: { filters: readonly { pattern: string }[] } }>(
      "RelaySource",
    );
    const patterns = inputs.filterCriteria.filters.map(({ pattern }) => compilePattern(pattern));
    const isTold = (sk: string) =>
      patterns.some((matches) => matches({ eventName: "MODIFY", dynamodb: { Keys: { sk: { S: sk } } } }));
    expect(["payment", "refund", "attempt"].filter(isTold)).toEqual([paymentSortKey]);
  });

  it.each(mappings)("$name reports single failures, and bisects the rest", ({ inputs }) => {
    expect(inputs.functionResponseTypes).toEqual(["ReportBatchItemFailures"]);
    const queue = queues.find(({ outputs }) => outputs?.["arn"] === inputs.eventSourceArn);
    if (queue === undefined) {
      // The folder alone gives nothing up: a balance without one of its records is wrong for ever, a late one is not.
      if (inputs.maximumRetryAttempts === -1) {
        expect(inputs.functionName).toBe("tallystick-local-folder");
        return;
      }
      expect(inputs.bisectBatchOnFunctionError).toBe(true);
      expect(inputs.maximumRetryAttempts).toBeGreaterThan(0);
      expect(inputs.destinationConfig?.onFailure.destinationArn).toBe(arnOf("DeadLettersQueue"));
      return;
    }
  });
});

describe("keys", () => {
  it("rotate, where KMS can rotate them", () => {
    for (const name of ["VaultKey", "VaultTableKey"]) {
      expect(resource(name).inputs).toMatchObject({ keyUsage: "ENCRYPT_DECRYPT", enableKeyRotation: true });
    }
    expect(resource("FingerprintKey").inputs).toMatchObject({
      keyUsage: "GENERATE_VERIFY_MAC",
      customerMasterKeySpec: "HMAC_256",
    });
  });
});

describe("the HTTP API", () => {
  interface Route {
    readonly routeKey: string;
    readonly target: string;
    readonly authorizationType: string;
    readonly authorizerId?: string;
  }

  it("leads each prefix with every verb to one function, and all else to the fallback", () => {
    const integrations = new Map(
      ofType<{ integrationUri: string }>("aws:apigatewayv2/integration:Integration").map(
        ({ outputs, inputs }) => [
          `integrations/${String(outputs?.["id"])}`,
          inputs.integrationUri.split(":").at(-1),
        ],
      ),
    );
    const routes = ofType<Route>("aws:apigatewayv2/route:Route").map(({ inputs }) => [
      inputs.routeKey,
      integrations.get(inputs.target),
      inputs.authorizationType,
    ]);
    expect(new Set(routes)).toEqual(
      new Set([
        ["ANY /v1/payments", "tallystick-local-payments-api", "CUSTOM"],
        ["ANY /v1/payments/{proxy+}", "tallystick-local-payments-api", "CUSTOM"],
        ["ANY /v1/disputes", "tallystick-local-disputes-api", "CUSTOM"],
        ["ANY /v1/disputes/{proxy+}", "tallystick-local-disputes-api", "CUSTOM"],
        ["ANY /v1/card-tokens", "tallystick-local-card-tokens-api", "CUSTOM"],
        ["ANY /v1/card-tokens/{proxy+}", "tallystick-local-card-tokens-api", "CUSTOM"],
        ["ANY /v1/ledger", "tallystick-local-ledger-api", "CUSTOM"],
        ["ANY /v1/ledger/{proxy+}", "tallystick-local-ledger-api", "CUSTOM"],
        ["ANY /v1/events", "tallystick-local-events-api", "CUSTOM"],
        ["ANY /v1/events/{proxy+}", "tallystick-local-events-api", "CUSTOM"],
        ["ANY /v1/payments/{id}/events", "tallystick-local-events-api", "CUSTOM"],
        ["ANY /v1/payments/{id}/return", "tallystick-local-acquirers-api", "NONE"],
        ["ANY /v1/merchants", "tallystick-local-merchants-api", "CUSTOM"],
        ["ANY /v1/merchants/{proxy+}", "tallystick-local-merchants-api", "CUSTOM"],
        ["ANY /v1/ops", "tallystick-local-ops-api", "CUSTOM"],
        ["ANY /v1/ops/payments/{id}/resolve", "tallystick-local-reviews-api", "CUSTOM"],
        ["ANY /v1/ops/payments/{id}/resolve/{proxy+}", "tallystick-local-reviews-api", "CUSTOM"],
        ["ANY /v1/ops/refunds/{id}/resolve", "tallystick-local-reviews-api", "CUSTOM"],
        ["ANY /v1/ops/{proxy+}", "tallystick-local-ops-api", "CUSTOM"],
        ["ANY /v1/acquirers", "tallystick-local-acquirers-api", "NONE"],
        ["ANY /v1/acquirers/{proxy+}", "tallystick-local-acquirers-api", "NONE"],
        ["ANY /v1/ops/payments/{id}/legal-hold", "tallystick-local-reviews-api", "CUSTOM"],
        ["ANY /v1/balances", "tallystick-local-ledger-api", "CUSTOM"],
        ["ANY /v1/refunds/{id}", "tallystick-local-payments-api", "CUSTOM"],
        ["$default", "tallystick-local-fallback-api", "NONE"],
      ]),
    );
  });

  it("asks the authorizer for every request anew, also for those without a token", () => {
    expect(resource("ApiAuthorizerBearerAuthorizer").inputs).toMatchObject({
      authorizerType: "REQUEST",
      authorizerPayloadFormatVersion: "2.0",
      enableSimpleResponses: true,
      identitySources: [],
      authorizerResultTtlInSeconds: 0,
    });
  });

  it("is throttled", () => {
    expect(resource("ApiStage").inputs).toMatchObject({
      defaultRouteSettings: { throttlingBurstLimit: 400, throttlingRateLimit: 200 },
    });
  });

  it("knows the seven scopes, and merchants may have all that are not for operations", () => {
    const { identifier, scopes } = resource<{ identifier: string; scopes: { scopeName: string }[] }>(
      "ClientsScopes",
    ).inputs;
    expect(scopes.map(({ scopeName }) => `${identifier}/${scopeName}`)).toEqual([
      "tallystick/payments.read",
      "tallystick/payments.write",
      "tallystick/card_tokens.write",
      "tallystick/ledger.read",
      "tallystick/ledger.write",
      "tallystick/ops.read",
      "tallystick/ops.write",
    ]);
    const ofMerchants = scopes.map(({ scopeName }) => scopeName).filter((name) => !name.startsWith("ops."));
    expect(merchantScopes).toEqual(ofMerchants);
  });
});
