import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { JournalRecord } from "./journal.ts";
import { unpackRecords } from "./journal-rows.ts";
import { task } from "./testing/run.ts";
import { returned, testService, withDirectory } from "./testing/service.ts";

/** What another process would find of the one execution now. */
function onDisk(storeFile: string): { readonly status: unknown; readonly journal: readonly JournalRecord[] } {
  const database = new DatabaseSync(storeFile, { readOnly: true });
  const status = database.prepare("SELECT status FROM executions").get()?.["status"];
  const rows = database.prepare("SELECT records FROM steps ORDER BY row").all();
  database.close();
  return { status, journal: rows.flatMap(({ records }) => unpackRecords(String(records))) };
}

test("whatever is told is on disk before: a start, a call, a status", async () => {
  await withDirectory(async (directory) => {
    const storeFile = `${directory}/store`;
    const told: unknown[] = [];
    const note = (what: string): void => {
      const { status, journal } = onDisk(storeFile);
      told.push([what, status, journal.at(-1)?.event?.type]);
    };
    const { start, clock, service } = testService(
      { Work: task("work", { End: true }) },
      {
        storeFile,
        invoke: async () => {
          note("call");
          return returned({});
        },
        onStatusChange: ({ detail }) => note(detail.status),
      },
    );
    const started = start("run").then(() => note("start"));
    await clock.advance(1);
    await started;
    await service.close();
    expect(told.toSorted()).toEqual([
      ["RUNNING", "RUNNING", "TaskStarted"],
      ["SUCCEEDED", "SUCCEEDED", "ExecutionSucceeded"],
      ["call", "RUNNING", "TaskStarted"],
      ["start", "RUNNING", "TaskStarted"],
    ]);
  });
});

test("an answer to a token is on disk before its sender hears that it was taken", async () => {
  await withDirectory(async (directory) => {
    const storeFile = `${directory}/store`;
    let token = "";
    const wait = {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: { FunctionName: "f", Payload: "{% $states.context.Task.Token %}" },
      Next: "Idle",
    };
    const { start, clock, service, call } = testService(
      { Wait: wait, Idle: { Type: "Wait", Seconds: 60, End: true } },
      {
        storeFile,
        invoke: async ({ payload }) => {
          token = JSON.parse(payload);
          return returned({});
        },
      },
    );
    await start("run");
    await clock.advance(1);
    await call("SendTaskSuccess", { taskToken: token, output: "1" });
    expect(onDisk(storeFile).journal.map(({ mark }) => mark)).toContainEqual({
      kind: "answer",
      answer: { kind: "success", output: 1 },
    });
    await service.close();
  });
});

test("a status that was told late is not taken for the one that came after it", async () => {
  await withDirectory(async (directory) => {
    const storeFile = `${directory}/store`;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const { start, clock, service } = testService(
      { Done: { Type: "Succeed" } },
      {
        storeFile,
        onStatusChange: ({ detail }) =>
          detail.status === "RUNNING" ? late : Promise.reject(new Error("down")),
      },
    );
    await start("run");
    await clock.advance(1);
    resolve();
    await service.close();
    const statuses: string[] = [];
    const again = testService(
      { Done: { Type: "Succeed" } },
      { storeFile, onStatusChange: ({ detail }) => void statuses.push(detail.status) },
    );
    again.service.resume();
    await again.service.close();
    expect(statuses).toEqual(["SUCCEEDED"]);
  });
});
