import { type Epoch, parseEpoch } from "#adapters/dynamodb/fence.ts";

/** A variable that the estate sets where it has something to say. */
export const optionalVariable = (name: string): string | undefined => process.env[name];

/** A variable that the estate sets for this function. @throws at load, so that a wrong deploy fails its first invocation. */
export function requiredVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "")
    throw new Error(`the environment variable ${name} is not set: see stacks/`);
  return value;
}

/** The epoch in which this function writes to the books. @throws as above, and for what is no epoch. */
export const writerEpoch = (): Epoch => parseEpoch(requiredVariable("EPOCH"));
