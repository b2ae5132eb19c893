/**
 * The name of a resource on AWS, from its name in the program: `PaymentsApi` is `tallystick-local-payments-api`.
 *
 * SST would add random letters, so that a replacement can exist beside what it replaces. Names here are plain
 * instead: runbooks and alarms can say them, and nothing that holds money may be replaced in passing.
 */
export function physicalName(name: string): string {
  return nameIn($app.stage, name);
}

/** The same for what another stage creates. */
export function nameIn(stage: string, name: string): string {
  const words = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();
  return `${$app.name}-${stage}-${words}`;
}

/** The name of a component in the program, as SST writes them: `payments` is `Payments`. */
export function logicalName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** For the names of what there is once per region: `eu-west-1` is `EuWest1`. */
export function inRegion(region: string): string {
  return region.split("-").map(logicalName).join("");
}
