import type { ServiceMeter } from "../door/meter.ts";
import { dynamoDbMeter } from "./dynamodb.ts";
import { kmsMeter } from "./kms.ts";
import { snsMeter } from "./sns.ts";
import { statesMeter } from "./states.ts";
import { xrayMeter } from "./xray.ts";

/** The services whose calls tell what AWS bills for them. Lambda is metered where it runs: nobody calls it here. */
export const serviceMeters: readonly ServiceMeter[] = [
  dynamoDbMeter,
  kmsMeter,
  snsMeter,
  statesMeter,
  xrayMeter,
];
