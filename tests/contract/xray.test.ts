import { randomBytes } from "node:crypto";
import {
  BatchGetTracesCommand,
  GetTraceSummariesCommand,
  PutTraceSegmentsCommand,
  XRayClient,
} from "@aws-sdk/client-xray";
import { expect } from "vitest";
import { clientOptions as there } from "#local/remote/access.ts";
import { XRayEngine } from "#local/xray/engine.ts";
import { contract } from "#tests/support/contract.ts";
import { openEngineDoor } from "#tests/support/engine-door.ts";

/** Of our engine: so that it forgets some. */
const capacity = 20;

const nowSeconds = () => Date.now() / 1_000;
const hex = (bytes: number) => randomBytes(bytes).toString("hex");
const newTrace = (at = nowSeconds()) => `1-${Math.floor(at).toString(16).padStart(8, "0")}-${hex(12)}`;
const segment = <More extends object>(more: More = {} as More) => {
  const start_time = nowSeconds();
  return {
    ...{ name: "reconciler", id: hex(8), trace_id: newTrace(), start_time, end_time: start_time + 0.5 },
    ...more,
  };
};

await contract(
  {
    service: "XRAY",
    open: async ({ endpoint }) => {
      const region = "eu-west-1";
      if (endpoint !== undefined) {
        const credentials = { accessKeyId: "123456789012", secretAccessKey: "test" };
        const xray = new XRayClient(there({ endpoint, region, credentials }));
        return { xray, stop: async () => xray.destroy() };
      }
      const { client, warnings, stop } = await openEngineDoor(new XRayEngine(capacity, Date.now));
      const xray = new XRayClient(client);
      return {
        xray,
        stop: async () => {
          xray.destroy();
          await stop();
          expect(warnings).toEqual([]);
        },
      };
    },
  },
  ({ use, group, behaviour, ours }) => {
    const put = (...documents: readonly (object | string)[]) =>
      use().xray.send(
        new PutTraceSegmentsCommand({
          TraceSegmentDocuments: documents.map((each) =>
            typeof each === "string" ? each : JSON.stringify(each),
          ),
        }),
      );
    const get = (...TraceIds: readonly string[]) =>
      use().xray.send(new BatchGetTracesCommand({ TraceIds: [...TraceIds] }));
    const documentsOf = async (id: string) =>
      (await get(id)).Traces?.flatMap(({ Segments = [] }) =>
        Segments.map(({ Document = "" }) => JSON.parse(Document) as object),
      );
    const find = async (filter?: string, from = nowSeconds() - 60, until = nowSeconds() + 60) => {
      const { TraceSummaries = [] } = await use().xray.send(
        new GetTraceSummariesCommand({
          ...{
            StartTime: new Date(from * 1_000),
            EndTime: new Date(until * 1_000),
            FilterExpression: filter,
          },
        }),
      );
      return TraceSummaries;
    };
    const refusalOf = async (document: object | string) =>
      (await put(document)).UnprocessedTraceSegments?.map(({ Id, ErrorCode, Message }) => [
        Id,
        ErrorCode,
        Message,
      ]);

    group("a segment", () => {
      behaviour("is there when its trace is asked for, as it was sent", async () => {
        const sent = segment({ annotations: { file: "alpha/a.csv" } });
        expect(await refusalOf(sent)).toEqual([]);
        expect(await documentsOf(sent.trace_id)).toEqual([sent]);
        const [trace] = (await get(sent.trace_id)).Traces ?? [];
        expect(trace?.Duration).toBeCloseTo(0.5, 2);
      });

      behaviour("that is under way is replaced when it has ended", async () => {
        const { end_time, ...begun } = segment();
        await put({ ...begun, in_progress: true });
        await put({ ...begun, end_time });
        expect(await documentsOf(begun.trace_id)).toEqual([{ ...begun, end_time }]);
      });

      const taken = async (wrong: object) =>
        (await put(segment(wrong))).UnprocessedTraceSegments?.length === 0;
      const lacking: readonly string[] = ["id", "name", "trace_id", "start_time", "end_time"];
      behaviour("that lacks what it needs is refused, and the others are not", async () => {
        for (const field of lacking) {
          const good = segment();
          const { UnprocessedTraceSegments = [] } = await put(segment({ [field]: undefined }), good);
          expect(UnprocessedTraceSegments, field).toHaveLength(1);
          expect(await documentsOf(good.trace_id), field).toEqual([good]);
        }
      });

      behaviour("that says what cannot be is refused", async () => {
        const wrongs: Readonly<Record<string, object>> = {
          "an id that is none": { id: "1" },
          "signs in its name that X-Ray does not know": { name: "a*b" },
          "an end before its beginning": { end_time: 1 },
          "an end while it is under way": { in_progress: true },
          "a part of nothing": { type: "subsegment" },
          "an annotation that is a list": { annotations: { a: [] } },
          "a part that is none": { subsegments: [{ name: "a" }] },
          "a part that has no end": { subsegments: [{ name: "a", id: hex(8), start_time: 1 }] },
        };
        const found = [];
        for (const [name, wrong] of Object.entries(wrongs)) if (await taken(wrong)) found.push(name);
        expect(found).toEqual([]);
      });

      behaviour(
        "of a trace that has another form, or is older than 30 days, is refused by name",
        async () => {
          for (const trace_id of [hex(16), newTrace(1_480_615_200)]) {
            const sent = segment({ trace_id });
            expect(await refusalOf(sent)).toEqual([
              [sent.id, "InvalidTraceId", "Invalid segment. ErrorCode: InvalidTraceId"],
            ]);
          }
        },
      );

      behaviour("that is no JSON is refused", async () => {
        expect(await refusalOf("{")).toEqual([
          [undefined, "ParseError", "Invalid segment. ErrorCode: ParseError"],
        ]);
      });

      behaviour("of more than 64 KB is refused", async () => {
        const sent = segment({ metadata: { a: { b: "x".repeat(65_536) } } });
        expect((await put(sent)).UnprocessedTraceSegments).toHaveLength(1);
        expect(await documentsOf(sent.trace_id)).toEqual([]);
      });

      behaviour("is one of fifty at most", async () => {
        await expect(put(...Array.from({ length: 51 }, () => segment()))).rejects.toThrow(/50/);
      });
    });

    group("a subsegment that was sent by itself", () => {
      behaviour("is within its parent, before or after that came", async () => {
        const root = segment();
        const within = { ...segment({ trace_id: root.trace_id, parent_id: root.id, type: "subsegment" }) };
        const deeper = { ...segment({ trace_id: root.trace_id, parent_id: within.id, type: "subsegment" }) };
        await put(deeper, within);
        expect(await documentsOf(root.trace_id)).toEqual([{ ...within, subsegments: [deeper] }]);
        await put(root);
        expect(await documentsOf(root.trace_id)).toEqual([
          { ...root, subsegments: [{ ...within, subsegments: [deeper] }] },
        ]);
      });
    });

    behaviour("a trace that is not there is told apart from those that are", async () => {
      const sent = segment();
      const other = newTrace();
      await put(sent);
      const { Traces = [], UnprocessedTraceIds } = await get(sent.trace_id, other);
      expect([Traces.map(({ Id }) => Id), UnprocessedTraceIds]).toEqual([[sent.trace_id], [other]]);
    });

    group("summaries", () => {
      behaviour(
        "are of the time that is asked about, with what went wrong and what to search by",
        async () => {
          const sent = segment({ fault: true, annotations: { file: hex(8), lines: 3, done: true } });
          await put(sent);
          const [found] = (await find()).filter(({ Id }) => Id === sent.trace_id);
          expect(found).toMatchObject({
            ...{ HasFault: true, HasError: false, HasThrottle: false, IsPartial: false },
            Annotations: {
              file: [{ AnnotationValue: { StringValue: sent.annotations.file } }],
              lines: [{ AnnotationValue: { NumberValue: 3 } }],
              done: [{ AnnotationValue: { BooleanValue: true } }],
            },
            ServiceIds: [{ Name: "reconciler" }],
          });
          const before = await find(undefined, nowSeconds() - 7_200, nowSeconds() - 3_600);
          expect(before.map(({ Id }) => Id)).not.toContain(sent.trace_id);
        },
      );

      behaviour("of a time that ends before it begins are refused", async () => {
        await expect(find(undefined, nowSeconds(), nowSeconds() - 60)).rejects.toThrow(
          expect.objectContaining({ name: "InvalidRequestException" }),
        );
      });

      behaviour("are those that a filter is about", async () => {
        const expected: Readonly<Record<string, boolean>> = {
          'annotation.file = "alpha/it is and.csv"': true,
          'annotation.file = "alpha/it"': false,
          "annotation.lines = 3 AND annotation.done = true": true,
          "annotation.lines = 3 AND annotation.done = false": false,
          'service("reconciler") and fault': true,
          'service("other")': false,
          "fault = true": true,
          "fault = false": false,
          error: false,
        };
        const sent = segment({
          fault: true,
          annotations: { file: "alpha/it is and.csv", lines: 3, done: true },
        });
        await put(sent);
        const found: Record<string, boolean> = {};
        for (const filter of Object.keys(expected))
          found[filter] = (await find(filter)).some(({ Id }) => Id === sent.trace_id);
        expect(found).toEqual(expected);
      });

      ours("by what is not read here are refused, and not left empty", async () => {
        await expect(find("responsetime > 5")).rejects.toThrow("does not read responsetime > 5");
      });
    });

    ours("the oldest traces are dropped", async () => {
      const all = Array.from({ length: capacity + 1 }, () => segment());
      await put(...all);
      expect(await documentsOf(all[0]?.trace_id ?? "")).toEqual([]);
      expect(await find()).toHaveLength(capacity);
    });
  },
);
