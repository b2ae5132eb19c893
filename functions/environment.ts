/** A variable that the estate sets where it has something to say. */
export const optionalVariable = (name: string): string | undefined => process.env[name];

/** A variable that the estate sets for this function. @throws at load, so that a wrong deploy fails its first invocation. */
export function requiredVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "")
    throw new Error(`the environment variable ${name} is not set: see stacks/`);
  return value;
}
