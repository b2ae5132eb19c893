import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Endpoints } from "#local/endpoints.ts";
import type { Plan } from "#local/plan/plan.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { askingFunction, type Recorder, recorder, until } from "#tests/support/event-harness.ts";
import {
  functionArn,
  machineArn,
  machineResource,
  opensQueue,
  queueArn,
  resource,
  roleResource,
} from "#tests/support/handmade-plan.ts";
import { SystemProcess } from "#tests/support/system-process.ts";

const account = "123456789012";
const queueUrl = (name: string) => `https://sqs.eu-west-1.amazonaws.com/${account}/${name}`;
const tableArn = `arn:aws:dynamodb:eu-west-1:${account}:table/orders`;

const record = {
  Type: "Task",
  Resource: "arn:aws:states:::dynamodb:putItem",
  Arguments: { TableName: "orders", Item: { pk: { S: "{% $states.context.Execution.Name %}" } } },
};
/** Calls a function, waits, writes an item, waits for a token that it sends to a queue, and sends a last message. */
const orderStates = {
  Charge: {
    Type: "Task",
    Resource: "arn:aws:states:::lambda:invoke",
    Arguments: {
      FunctionName: functionArn("Charge"),
      Payload: { order: "{% $states.context.Execution.Name %}" },
    },
    Assign: { charged: "{% $states.result.Payload %}" },
    Next: "Pause",
  },
  Pause: { Type: "Wait", Seconds: 1, Next: "Record" },
  Record: { ...record, Next: "Approve" },
  Approve: {
    Type: "Task",
    Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    Arguments: {
      QueueUrl: queueUrl("approvals"),
      MessageBody: {
        order: "{% $states.context.Execution.Name %}",
        token: "{% $states.context.Task.Token %}",
      },
    },
    TimeoutSeconds: 60,
    Output: { charged: "{% $charged %}", approvedBy: "{% $states.result.by %}" },
    Next: "Tell",
  },
  Tell: {
    Type: "Task",
    Resource: "arn:aws:states:::aws-sdk:sqs:sendMessage",
    Arguments: { QueueUrl: queueUrl("told"), MessageBody: "{% $states.context.Execution.Name %}" },
    Output: "{% $states.input %}",
    End: true,
  },
};

const planOf = (recorderUrl: string): Plan => {
  const estate = committedPlan();
  const failed = { source: ["aws.states"], detail: { status: ["FAILED"] } };
  return {
    ...estate,
    resources: [
      ...estate.resources,
      resource("aws:dynamodb/table:Table", "Orders", {
        name: "orders",
        attributes: [{ name: "pk", type: "S" }],
        hashKey: "pk",
      }),
      ...["approvals", "told", "alerts"].map((name) => resource("aws:sqs/queue:Queue", name, { name })),
      roleResource("Charge", ["logs:PutLogEvents"], ["*"]),
      askingFunction("Charge", recorderUrl, { timeout: 30 }),
      roleResource(
        "Order",
        ["lambda:InvokeFunction", "dynamodb:PutItem", "sqs:SendMessage"],
        [functionArn("Charge"), tableArn, queueArn("approvals"), queueArn("told")],
      ),
      machineResource("Order", orderStates),
      roleResource("Barred", ["dynamodb:GetItem"], [tableArn]),
      machineResource("Barred", { Record: { ...record, End: true } }),
      roleResource("Quiet", ["dynamodb:GetItem"], [tableArn]),
      machineResource("Quiet", { Refuse: { Type: "Fail", Error: "Refused" } }, "EXPRESS"),
      resource("aws:cloudwatch/eventRule:EventRule", "Failed", {
        name: "failed",
        eventPattern: JSON.stringify(failed),
      }),
      resource("aws:cloudwatch/eventTarget:EventTarget", "FailedTarget", {
        rule: "failed",
        arn: queueArn("alerts"),
      }),
      opensQueue("alerts", "events", `arn:aws:events:eu-west-1:${account}:rule/failed`),
    ],
  };
};

interface Approval {
  readonly order: string;
  readonly token: string;
}

/** The system, and what its clients ask of it. */
class Clients {
  readonly process: SystemProcess;
  readonly dynamoDb: DynamoDBClient;
  readonly #states: SFNClient;
  readonly #queues: SQSClient;

  constructor(process: SystemProcess, { aws }: Endpoints) {
    const access = {
      endpoint: aws.endpoint,
      region: aws.region,
      credentials: { accessKeyId: aws.access_key_id, secretAccessKey: aws.secret_access_key },
    };
    this.process = process;
    this.dynamoDb = new DynamoDBClient(access);
    this.#states = new SFNClient(access);
    this.#queues = new SQSClient({ ...access, useQueueUrlAsEndpoint: false });
  }

  start(name: string, input = {}, machine = "Order") {
    const start = { stateMachineArn: machineArn(machine), name, input: JSON.stringify(input) };
    return this.#states.send(new StartExecutionCommand(start));
  }

  describe(name: string, machine = "Order"): Promise<DescribeExecutionCommandOutput> {
    return this.#states.send(new DescribeExecutionCommand({ executionArn: executionArn(name, machine) }));
  }

  async ended(name: string, machine = "Order"): Promise<DescribeExecutionCommandOutput> {
    await until(async () => (await this.describe(name, machine)).status !== "RUNNING", `the end of ${name}`);
    return this.describe(name, machine);
  }

  async history(name: string): Promise<readonly HistoryEvent[]> {
    const command = new GetExecutionHistoryCommand({ executionArn: executionArn(name), maxResults: 1_000 });
    return (await this.#states.send(command)).events ?? [];
  }

  async listed(statusFilter: "RUNNING" | "SUCCEEDED"): Promise<readonly (string | undefined)[]> {
    const command = new ListExecutionsCommand({ stateMachineArn: machineArn("Order"), statusFilter });
    return (await this.#states.send(command)).executions?.map(({ name }) => name) ?? [];
  }

  stop(name: string) {
    return this.#states.send(
      new StopExecutionCommand({ executionArn: executionArn(name), error: "Operator" }),
    );
  }

  redrive(name: string) {
    return this.#states.send(new RedriveExecutionCommand({ executionArn: executionArn(name) }));
  }

  approve(taskToken: string, by: string) {
    return this.#states.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify({ by }) }));
  }

  /** Takes the messages that a queue has now. */
  async take(queue: string): Promise<readonly string[]> {
    const QueueUrl = queueUrl(queue);
    const { Messages = [] } = await this.#queues.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    for (const { ReceiptHandle } of Messages) {
      await this.#queues.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    return Messages.map(({ Body = "" }) => Body);
  }

  destroy(): void {
    for (const client of [this.dynamoDb, this.#states, this.#queues]) client.destroy();
  }
}

const executionArn = (name: string, machine = "Order"): string =>
  `${machineArn(machine).replace(":stateMachine:", ":execution:")}:${name}`;

let state: string;
let clients: Clients;
let asked: Recorder<{ readonly order: string }>;
const approvals: Approval[] = [];

async function run(plan: Plan): Promise<Clients> {
  clients?.destroy();
  const started = SystemProcess.ofPlan(plan, state);
  clients = new Clients(started, await started.ready());
  return clients;
}

/** Waits for the message with an order's token. */
async function approvalOf(order: string, number = 1): Promise<Approval> {
  const found = () => approvals.filter((approval) => approval.order === order)[number - 1];
  await until(async () => {
    approvals.push(...(await clients.take("approvals")).map((body): Approval => JSON.parse(body)));
    return found() !== undefined;
  }, `approval ${number} of ${order}`);
  return found() ?? expect.fail();
}

const seen: {
  startedTwice?: readonly (Date | undefined)[];
  otherInput?: unknown;
  tokenBefore?: Approval;
  redriven?: DescribeExecutionCommandOutput;
} = {};

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), "tallystick-standard-"));
  const answers = Promise.withResolvers<void>();
  asked = await recorder(async ({ order }) => {
    if (order === "calling") await answers.promise;
    return { result: `${order} charged` };
  });
  const plan = planOf(asked.url);

  await run(plan);
  const started = await clients.start("asking", { n: 1 });
  seen.startedTwice = [started.startDate, (await clients.start("asking", { n: 1 })).startDate];
  seen.otherInput = await clients.start("asking", { n: 2 }).catch((thrown: Error) => thrown.name);
  await clients.start("calling");
  seen.tokenBefore = await approvalOf("asking");
  await clients.start("pausing");
  await until(async () => {
    const types = (await clients.history("pausing")).map(({ type }) => type);
    return types.includes("WaitStateEntered");
  }, "the Wait of one");
  expect(asked.events.map(({ order }) => order)).toContain("calling");
  await clients.process.kill();

  await run(plan);
  answers.resolve();
  await clients.start("stopping");
  await clients.approve(seen.tokenBefore.token, "the first process's token");
  for (const order of ["calling", "pausing"]) {
    await clients.approve((await approvalOf(order)).token, "the second process's");
  }
  const dead = await approvalOf("stopping");
  await clients.stop("stopping");
  await expect(clients.approve(dead.token, "nobody")).rejects.toMatchObject({ name: "TaskTimedOut" });
  await clients.redrive("stopping");
  await clients.approve((await approvalOf("stopping", 2)).token, "the redrive's");
  seen.redriven = await clients.ended("stopping");
  for (const order of ["asking", "calling", "pausing"]) await clients.ended(order);
  await clients.start("quiet", {}, "Quiet");
  await clients.start("barred", {}, "Barred");
  await clients.ended("barred", "Barred");
});

afterAll(async () => {
  clients?.destroy();
  await clients?.process.stop();
  rmSync(state, { recursive: true, force: true });
});

test("a start is repeated for the same name and input, and refused for another input", () => {
  expect(seen.startedTwice?.[1]).toEqual(seen.startedTwice?.[0]);
  expect(seen.otherInput).toBe("ExecutionAlreadyExists");
});

test.each([
  ["that waited for its token", "asking", "the first process's token"],
  ["whose function was under way", "calling", "the second process's"],
  ["that stood in a Wait", "pausing", "the second process's"],
])("an execution %s when its process was killed goes on to its end", async (_title, order, approvedBy) => {
  expect(await clients.describe(order)).toMatchObject({
    status: "SUCCEEDED",
    output: JSON.stringify({ charged: `${order} charged`, approvedBy }),
  });
  const events = await clients.history(order);
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
  expect(events.map(({ type }) => type).filter((type) => type?.endsWith("StateEntered"))).toEqual([
    "TaskStateEntered",
    "WaitStateEntered",
    "TaskStateEntered",
    "TaskStateEntered",
    "TaskStateEntered",
  ]);
});

test("a call that the kill cut off is made again, and none that was answered", () => {
  expect(asked.events.map(({ order }) => order).sort()).toEqual([
    ...["asking", "calling", "calling", "pausing", "stopping"],
  ]);
});

test("service integrations act under the machine's role", async () => {
  const { Items = [] } = await clients.dynamoDb.send(new ScanCommand({ TableName: "orders" }));
  const orders = ["asking", "calling", "pausing", "stopping"];
  expect(Items.map((item) => item["pk"]?.S).sort()).toEqual(orders);
  expect([...(await clients.take("told"))].sort()).toEqual(orders);
});

test("a stopped execution is redriven from the task that it was stopped in, under another token", async () => {
  expect(seen.redriven).toMatchObject({ status: "SUCCEEDED", redriveCount: 1 });
  const types = (await clients.history("stopping")).map(({ type }) => type);
  const aborted = types.indexOf("ExecutionAborted");
  expect(types.slice(aborted, aborted + 3)).toEqual([
    ...["ExecutionAborted", "ExecutionRedriven", "TaskScheduled"],
  ]);
  expect(await clients.listed("SUCCEEDED")).toEqual(["stopping", "pausing", "calling", "asking"]);
  expect(await clients.listed("RUNNING")).toEqual([]);
});

test("a Standard execution that fails reaches a queue by an EventBridge rule, and an Express one does not", async () => {
  const alerts: string[] = [];
  await until(async () => alerts.push(...(await clients.take("alerts"))) > 0, "an alert");
  expect(alerts.map((alert) => JSON.parse(alert))).toEqual([
    expect.objectContaining({
      source: "aws.states",
      "detail-type": "Step Functions Execution Status Change",
      account,
      region: "eu-west-1",
      resources: [executionArn("barred", "Barred")],
      detail: expect.objectContaining({
        name: "barred",
        status: "FAILED",
        stateMachineArn: machineArn("Barred"),
        error: "DynamoDB.AmazonDynamoDBException",
        cause: expect.stringContaining("is not authorized to perform: dynamodb:PutItem"),
        redriveStatus: "REDRIVABLE",
      }),
    }),
  ]);
});
