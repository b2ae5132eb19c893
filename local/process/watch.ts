import type { Child } from "./child.ts";
import { Refusal } from "./refusal.ts";

/** Tells of the first child that ends while nobody asked it to. */
export function watch(children: readonly Child[]): {
  readonly failed: Promise<Refusal>;
  readonly calm: () => void;
} {
  let watching = true;
  const { promise, resolve } = Promise.withResolvers<Refusal>();
  for (const { name, ended } of children) {
    void ended.then((how) => {
      if (watching) resolve(new Refusal(`${name} ended (${how}), and nothing works without it: start again`));
    });
  }
  return {
    failed: promise,
    calm: () => {
      watching = false;
    },
  };
}
