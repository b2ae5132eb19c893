import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { leafHash, MerkleTree } from "./merkle.ts";

const rootOf = (leaves: readonly Uint8Array[]): string => {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.add(leaf);
  expect(tree.leaves).toBe(leaves.length);
  return tree.root().toString("hex");
};

/** RFC 6962, section 2.1, word by word. */
function asDefined(leaves: readonly Uint8Array[]): Buffer {
  const sha = (...parts: readonly Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
  const [first] = leaves;
  if (first === undefined) return sha();
  if (leaves.length === 1) return sha(Buffer.of(0), first);
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha(Buffer.of(1), asDefined(leaves.slice(0, k)), asDefined(leaves.slice(k)));
}

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");
/** Of Certificate Transparency's own tests (google/certificate-transparency, merkletree). */
const known = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"].map(hex);
known.push(hex("606162636465666768696a6b6c6d6e6f"));

test.each([
  [0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  [1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"],
  [2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
  [3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"],
  [7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"],
  [8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"],
])("the root of %i leaves is that of Certificate Transparency's tests", (count, root) => {
  expect(rootOf(known.slice(0, count))).toBe(root);
});

const leaves = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 70 });

test("a tree that grows leaf by leaf has the root that the standard defines", () => {
  fc.assert(
    fc.property(leaves, (all) => {
      expect(rootOf(all)).toBe(asDefined(all).toString("hex"));
    }),
  );
});

test("the same root comes of the leaves' digests alone", () => {
  fc.assert(
    fc.property(leaves, (all) => {
      const tree = new MerkleTree();
      for (const leaf of all) tree.addHash(leafHash(leaf));
      expect(tree.root().toString("hex")).toBe(rootOf(all));
    }),
  );
});

test("a leaf that is changed, taken out, put in or moved changes the root", () => {
  const some = fc.array(fc.uint8Array({ maxLength: 10 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(some, fc.nat(), fc.uint8Array({ maxLength: 10 }), (all, n, other) => {
      const at = n % all.length;
      const isOther = (changed: readonly Uint8Array[]): boolean =>
        JSON.stringify(changed) !== JSON.stringify(all);
      const changes = [
        all.with(at, other),
        all.toSpliced(at, 1),
        all.toSpliced(at, 0, other),
        [...all, other],
        all.toReversed(),
      ];
      for (const changed of changes.filter(isOther)) expect(rootOf(changed)).not.toBe(rootOf(all));
    }),
  );
});

test("two leaves in one are no two leaves, and a node is no leaf", () => {
  const [one, two] = [Buffer.from("a"), Buffer.from("b")];
  expect(rootOf([Buffer.concat([one, two])])).not.toBe(rootOf([one, two]));
  expect(rootOf([Buffer.concat([leafHash(one), leafHash(two)])])).not.toBe(rootOf([one, two]));
});
