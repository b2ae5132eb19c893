import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { ArchiveHolds } from "#adapters/s3/archive-holds.ts";
import { buckets } from "#tests/support/buckets.ts";

const Bucket = "archive";
const use = buckets({ [Bucket]: { objectLockEnabled: true, retentionDays: 1 } });
const day = "2030-01-01";
const twoDays = 2 * 86_400_000;

/** Three events of one day, one of them under two versions, and one of the next. */
async function archived(): Promise<readonly string[]> {
  const keys = ["a", "a", "b", "c"].map((name) => `events/day=${day}/${name}.json.gz`);
  const versions: string[] = [];
  for (const Key of [...keys, "events/day=2030-01-02/d.json.gz"]) {
    const { VersionId = "" } = await use().s3.send(new PutObjectCommand({ Bucket, Key, Body: "{}" }));
    versions.push(VersionId);
  }
  return versions;
}

test("a day that is held outlives its lock, each version of it, and no other day with it", async () => {
  const versions = await archived();
  const holds = new ArchiveHolds(use().s3, Bucket);
  expect(await holds.look(day)).toEqual({ day, objects: 4, held: 0 });
  expect(await holds.set(day, "ON")).toEqual({ day, objects: 4, held: 4 });
  expect(await holds.set(day, "ON")).toEqual({ day, objects: 4, held: 4 });
  expect(await holds.look(day)).toEqual({ day, objects: 4, held: 4 });
  expect(await holds.look("2030-01-02")).toEqual({ day: "2030-01-02", objects: 1, held: 0 });

  use().pass(twoDays);
  const Key = `events/day=${day}/a.json.gz`;
  const remove = () => use().s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: versions[0] }));
  await expect(remove()).rejects.toMatchObject({ name: "AccessDenied" });
  expect(await holds.set(day, "OFF")).toEqual({ day, objects: 4, held: 0 });
  await remove();
  expect(await holds.look(day)).toEqual({ day, objects: 3, held: 0 });
});

test("a day on which nothing came has nothing to hold", async () => {
  const holds = new ArchiveHolds(use().s3, Bucket);
  expect(await holds.set("2031-05-05", "ON")).toEqual({ day: "2031-05-05", objects: 0, held: 0 });
});
