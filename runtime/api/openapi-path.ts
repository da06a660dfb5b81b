export const openApiPath = '/api/shoal/v1/openapi.json'
