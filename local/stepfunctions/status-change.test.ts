import { expect, test } from "vitest";
import type { StatusChange } from "./status-change.ts";
import { executionArnOf, machineArn, testService, withDirectory } from "./testing/service.ts";

const wait = { Wait: { Type: "Wait", Seconds: 1, End: true } };

test("a Standard execution is announced when it starts and when it ends, with what EventBridge shows", async () => {
  const changes: StatusChange[] = [];
  const { clock, start } = testService(wait, { onStatusChange: (change) => void changes.push(change) });
  await start("run", { a: 1 });
  await clock.advance(1_000);
  const startDate = Date.parse("2026-01-01T00:00:00Z");
  expect(changes).toEqual([
    {
      source: "aws.states",
      detailType: "Step Functions Execution Status Change",
      resources: [executionArnOf("run")],
      detail: {
        executionArn: executionArnOf("run"),
        stateMachineArn: machineArn,
        stateMachineVersionArn: null,
        stateMachineAliasArn: null,
        name: "run",
        status: "RUNNING",
        startDate,
        stopDate: null,
        input: '{"a":1}',
        inputDetails: { included: true },
        output: null,
        outputDetails: null,
        error: null,
        cause: null,
        redriveCount: 0,
        redriveDate: null,
        redriveStatus: "NOT_REDRIVABLE",
        redriveStatusReason: "Execution is RUNNING and cannot be redriven",
      },
    },
    expect.objectContaining({
      detail: expect.objectContaining({
        status: "SUCCEEDED",
        stopDate: startDate + 1_000,
        output: '{"a":1}',
        outputDetails: { included: true },
      }),
    }),
  ]);
});

test("an Express execution is announced to nobody", async () => {
  const changes: StatusChange[] = [];
  const { clock, start } = testService(wait, {
    type: "EXPRESS",
    onStatusChange: (change) => void changes.push(change),
  });
  await start("run");
  await clock.advance(1_000);
  expect(changes).toEqual([]);
});

test("data that EventBridge would not take is left out", async () => {
  const changes: StatusChange[] = [];
  const { start, clock } = testService(wait, { onStatusChange: (change) => void changes.push(change) });
  await start("run", "x".repeat(130_000));
  await clock.advance(1_000);
  expect(changes.map(({ detail }) => [detail.inputDetails, detail.input === null])).toEqual([
    [{ included: true }, false],
    [{ included: false }, true],
  ]);
});

test("what could not be announced is announced after the next start, and then no more", async () => {
  await withDirectory(async (directory) => {
    const storeFile = `${directory}/store`;
    const first = testService(wait, { storeFile, onStatusChange: () => Promise.reject(new Error("down")) });
    await first.start("run");
    await first.clock.advance(1_000);
    await first.service.close();
    const announced = async (): Promise<readonly string[]> => {
      const statuses: string[] = [];
      const onStatusChange = ({ detail }: StatusChange) => void statuses.push(detail.status);
      const { service, clock } = testService(wait, { storeFile, onStatusChange });
      service.resume();
      await clock.advance(1);
      await service.close();
      return statuses;
    };
    expect(await announced()).toEqual(["SUCCEEDED"]);
    expect(await announced()).toEqual([]);
  });
});
