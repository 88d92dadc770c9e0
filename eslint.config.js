import js from '@eslint/js'
import tseslint from 'typescript-eslint'
import { SANS_IO_FOLDERS } from './layers.ts'

const NO_EFFECTS = 'pass clock, timers, randomness and log as parameters: this folder is sans-IO'

export default tseslint.config(
  { ignores: ['node_modules', 'contracts/out', 'contracts/cache', 'src/payment/chain/abi'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(TSPropertySignature, PropertyDefinition, Identifier)[typeAnnotation][key.name=/(Units|UnitsPerGib)$/] > TSTypeAnnotation > TSNumberKeyword',
          message: 'money is a branded bigint (base/units/money.ts), never a number',
        },
        {
          selector: 'Identifier[name=/(Units|UnitsPerGib)$/] > TSTypeAnnotation > TSNumberKeyword',
          message: 'money is a branded bigint (base/units/money.ts), never a number',
        },
      ],
    },
  },
  {
    files: SANS_IO_FOLDERS.map((folder) => `src/${folder}/**/*.ts`),
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...[
          'Date',
          'performance',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'process',
          'console',
          'Buffer',
          'crypto',
        ].map((name) => ({ name, message: NO_EFFECTS })),
      ],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: NO_EFFECTS }],
    },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] },
          ],
        },
      ],
    },
  },
  {
    files: ['src/app/cli/**/*.ts', 'script/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: { globals: { process: 'readonly', require: 'readonly', module: 'writable', console: 'readonly' } },
  },
)
