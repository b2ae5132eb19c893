import { lettersOf, type Rules, text } from "./forms.ts";

/** API Gateway and Cognito. */
export const poolIdOf = (name: string, region: string): string => `${region}_${lettersOf(name, 9)}`;

export const api: Rules = {
  "aws:apigatewayv2/api:Api": ({ name, region, account }) => {
    const id = lettersOf(name, 10);
    return {
      id,
      arn: `arn:aws:apigateway:${region}::/apis/${id}`,
      apiEndpoint: `https://${id}.execute-api.${region}.amazonaws.com`,
      executionArn: `arn:aws:execute-api:${region}:${account}:${id}`,
    };
  },
  "aws:apigatewayv2/authorizer:Authorizer": ({ name }) => ({ id: lettersOf(name, 6) }),
  "aws:apigatewayv2/integration:Integration": ({ name }) => ({ id: lettersOf(name, 7) }),
  "aws:apigatewayv2/route:Route": ({ name }) => ({ id: lettersOf(name, 7) }),
  "aws:apigatewayv2/stage:Stage": ({ inputs }) => ({ id: text(inputs["name"]) }),
  "aws:cognito/resourceServer:ResourceServer": ({ inputs }) => ({
    id: `${text(inputs["userPoolId"])}|${text(inputs["identifier"])}`,
  }),
  "aws:cognito/userPool:UserPool": ({ name, region, account }) => {
    const id = poolIdOf(name, region);
    return {
      id,
      arn: `arn:aws:cognito-idp:${region}:${account}:userpool/${id}`,
      endpoint: `cognito-idp.${region}.amazonaws.com/${id}`,
    };
  },
  "aws:cognito/userPoolDomain:UserPoolDomain": ({ inputs }) => ({ id: text(inputs["domain"]) }),
};
