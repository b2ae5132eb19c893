import type { Rule } from "../rules/rule.ts";
import {
  apiReachesFunctions,
  grantedIsTold,
  messagesStayHidden,
  rotationsReachFunctions,
  toldIsGranted,
  variablesRead,
  variablesSet,
} from "./functions.ts";
import { textsFit } from "./limits.ts";
import { alarmsLookAtSomething, arnsExist, namesExist } from "./names.ts";
import { machinesAreValid, machinesEnd, machinesMayInvoke, statesOutlastFunctions } from "./sagas.ts";

/** Whether the parts of a plan fit each other. They hold of every stage. */
export const wiring: readonly Pick<Rule, "name" | "check">[] = [
  { name: "arns-exist", check: arnsExist },
  { name: "names-exist", check: namesExist },
  { name: "texts-fit", check: textsFit },
  { name: "alarms-look-at-something", check: alarmsLookAtSomething },
  { name: "variables-set", check: variablesSet },
  { name: "variables-read", check: variablesRead },
  { name: "told-is-granted", check: toldIsGranted },
  { name: "granted-is-told", check: grantedIsTold },
  { name: "messages-stay-hidden", check: messagesStayHidden },
  { name: "api-reaches-functions", check: apiReachesFunctions },
  { name: "rotations-reach-functions", check: rotationsReachFunctions },
  { name: "machines-are-valid", check: machinesAreValid },
  { name: "machines-end", check: machinesEnd },
  { name: "states-outlast-functions", check: statesOutlastFunctions },
  { name: "machines-may-invoke", check: machinesMayInvoke },
];
