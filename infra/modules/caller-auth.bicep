// The option that the platform checks callers' tokens before the app does. Nobody signs in here, so there is neither a
// secret nor a federated credential: a token comes with the call, and its issuer and audience are looked at.
param functionAppName string
param tenantId string
param audience string

// The app answers these without a caller's token: probes, the document, and news that bring tokens of their own kind.
var openPaths = [
  '/api/health/live'
  '/api/health/ready'
  '/api/openapi.json'
  '/api/notifications/calls'
  '/api/notifications/graph'
]

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

resource auth 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: openPaths
    }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: audience
          openIdIssuer: uri(environment().authentication.loginEndpoint, '${tenantId}/v2.0')
        }
        validation: { allowedAudiences: [audience] }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
}
