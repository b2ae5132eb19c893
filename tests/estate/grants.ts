import { listOf, roles, statementsOf } from "./committed-plan.ts";

const account = "123456789012";
/** ARN of a table of the local stage. */
export const table = (name: string): string =>
  `arn:aws:dynamodb:eu-west-1:${account}:table/tallystick-local-${name}`;

/** Names of the roles that are allowed an action on a resource, under whatever condition. */
export function whoMay(action: string, on: unknown): string[] {
  return roles
    .filter((role) =>
      statementsOf(role).some(
        ({ Action, Resource }) =>
          listOf(Action).includes(action) && listOf(Resource).some((arn) => arn === on),
      ),
    )
    .map(({ name }) => name);
}

/** The statements of one role that allow an action on a resource. */
export function grantsOf(roleName: string, action: string, on: unknown) {
  const role = roles.find(({ name }) => name === roleName);
  if (role === undefined) throw new Error(`the plan has no role ${roleName}`);
  return statementsOf(role).filter(
    ({ Action, Resource }) => listOf(Action).includes(action) && listOf(Resource).some((arn) => arn === on),
  );
}
