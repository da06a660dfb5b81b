/** Of the package this file belongs to; a test holds it to package.json. */
export const version = '0.1.0'
