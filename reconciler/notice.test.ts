import { expect, test } from "vitest";
import { asksForProof, filesIn } from "./notice.ts";

const record = (key: string, more: object = {}) => ({
  eventName: "ObjectCreated:Put",
  s3: { bucket: { name: "landing" }, object: { key, ...more } },
});

test("a notice names each file that came, with its version", () => {
  const body = JSON.stringify({ Records: [record("events/a.json.gz", { versionId: "v1" }), record("b")] });
  expect(filesIn(body)).toEqual([
    { bucket: "landing", key: "events/a.json.gz", versionId: "v1" },
    { bucket: "landing", key: "b", versionId: undefined },
  ]);
});

test("keys are told as forms are: a space is a plus, and the rest in percents", () => {
  expect(filesIn(JSON.stringify({ Records: [record("a+b%2B%C3%A4")] }))[0]?.key).toBe("a b+ä");
});

test("what S3 tries a queue with, and what goes away, is about no file", () => {
  expect(filesIn(JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }))).toEqual([]);
  const gone = { ...record("a"), eventName: "ObjectRemoved:Delete" };
  expect(filesIn(JSON.stringify({ Records: [gone] }))).toEqual([]);
});

test.each(["", "no JSON", "{}", '{"Records":[]}', '{"Records":[{"eventName":"ObjectCreated:Put"}]}'])(
  "%s is no notice",
  (body) => {
    expect(() => filesIn(body)).toThrow();
  },
);

test("what asks for a proof is no notice, and a notice asks for none", () => {
  expect(asksForProof('{"prove":"archive"}')).toBe(true);
  expect(asksForProof(JSON.stringify({ Records: [record("a")] }))).toBe(false);
  expect(() => filesIn('{"prove":"archive"}')).toThrow();
});
