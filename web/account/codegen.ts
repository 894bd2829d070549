// The types of every document that the application sends, from the contract.
import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: '../../schema.graphqls',
  documents: ['src/documents.ts'],
  generates: {
    'src/contract/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        enumsAsTypes: true,
        scalars: { DateTime: 'string', JSON: 'Record<string, unknown>' },
        skipTypename: true,
        useTypeImports: true,
      },
    },
  },
  ignoreNoDocuments: false,
}

export default config
