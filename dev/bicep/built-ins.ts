// Names of the language that our files use. A new one is added here when it is first needed: a misspelled function is
// then found, which a list of all of them would not do better.

/** Functions of the namespaces `sys` and `az`, and of decorators. @see "Bicep functions" and "Decorators" of its documentation */
export const builtIns: ReadonlySet<string> = new Set([
  // functions
  'cidrSubnet',
  'empty',
  'environment',
  'filter',
  'flatten',
  'guid',
  'items',
  'loadTextContent',
  'map',
  'replace',
  'resourceGroup',
  'split',
  'subscription',
  'subscriptionResourceId',
  'tenant',
  'toLower',
  'union',
  'uniqueString',
  'uri',
  // decorators
  'allowed',
  'description',
  'export',
  'maxLength',
  'maxValue',
  'minLength',
  'minValue',
  'sealed',
  'secure',
]);
