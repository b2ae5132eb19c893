import { textIn } from "../../door/call-input.ts";
import { readerOf } from "./named.ts";

/** Cognito has no finer grain than the user pool, also for its clients. */
export const cognitoRequests = readerOf("cognito-idp", {
  resources: (input) => {
    const pool = textIn(input, "UserPoolId");
    return pool === undefined ? [] : [pool];
  },
  arn: (name, place) => `arn:aws:cognito-idp:${place}:userpool/${name}`,
  actions: {},
});
