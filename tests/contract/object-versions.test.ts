import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { beforeEach, expect, test } from "vitest";
import { objectVersions } from "#adapters/s3/object-versions.ts";
import { buckets } from "#tests/support/buckets.ts";

const bucket = "archive";
const use = buckets({ [bucket]: { versioned: true } });

/** Versions by their names, page by page. */
async function pages(after?: string): Promise<readonly (readonly string[])[]> {
  const { s3 } = use();
  // As S3 does beyond a thousand.
  s3.middlewareStack.add((next) => (args) => next({ ...args, input: { ...args.input, MaxKeys: 2 } }), {
    step: "initialize",
    name: "pagesOfTwo",
    override: true,
  });
  const all: string[][] = [];
  for await (const { Versions = [], DeleteMarkers = [] } of objectVersions(s3, {
    ...{ bucket, prefix: "in/", after },
  }))
    all.push([...Versions.map(({ Key = "" }) => Key), ...DeleteMarkers.map(({ Key }) => `${Key} deleted`)]);
  return all;
}

beforeEach(async () => {
  const { s3 } = use();
  for (const Key of ["in/a", "in/a", "in/a", "in/b", "in/c", "out/d"])
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "{}" }));
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "in/b" }));
});

test("versions of more than one page are all found, also where a page ends between two of one object", async () => {
  expect(await pages()).toEqual([
    ["in/a", "in/a"],
    ["in/a", "in/b deleted"],
    ["in/b", "in/c"],
  ]);
});

test("what comes behind a name begins there, and goes on from page to page", async () => {
  expect(await pages("in/a")).toEqual([["in/b", "in/b deleted"], ["in/c"]]);
});
