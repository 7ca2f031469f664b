// A fault that is planted in a copy of the deployment, and where files of it stand.

/** What is wrong · in which file · what stands there · what is put there · what the check says. */
export type Fault = readonly [fault: string, file: string, find: string, replace: string, says: string];

export const module = (name: string): string => `infra/modules/${name}.bicep`;
export const main = 'infra/main.bicep';
export const app = module('function-app');
export const parameters = 'infra/main.parameters.json';
