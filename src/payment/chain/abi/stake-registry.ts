// Generated from contracts/src/StakeRegistry.sol by script/contracts build.
export const stakeRegistryAbi = [
 {
  "type": "constructor",
  "inputs": [
   {
    "name": "token_",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "minimumStake_",
    "type": "uint96",
    "internalType": "uint96"
   }
  ],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "MAX_KEYS",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "MAX_RELAYS",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "REPORTER_BPS",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "UNBONDING",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint40",
    "internalType": "uint40"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "addKey",
  "inputs": [
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "binding",
    "type": "bytes",
    "internalType": "bytes"
   }
  ],
  "outputs": [
   {
    "name": "keyId",
    "type": "uint32",
    "internalType": "uint32"
   }
  ],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "addKeyFor",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "binding",
    "type": "bytes",
    "internalType": "bytes"
   },
   {
    "name": "tip",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "authorization",
    "type": "tuple",
    "internalType": "struct Authorization",
    "components": [
     {
      "name": "maxTip",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "nonce",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "signature",
      "type": "bytes",
      "internalType": "bytes"
     }
    ]
   },
   {
    "name": "permit",
    "type": "tuple",
    "internalType": "struct Permit",
    "components": [
     {
      "name": "value",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "v",
      "type": "uint8",
      "internalType": "uint8"
     },
     {
      "name": "r",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "s",
      "type": "bytes32",
      "internalType": "bytes32"
     }
    ]
   }
  ],
  "outputs": [
   {
    "name": "keyId",
    "type": "uint32",
    "internalType": "uint32"
   }
  ],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "balanceOf",
  "inputs": [
   {
    "name": "account",
    "type": "address",
    "internalType": "address"
   }
  ],
  "outputs": [
   {
    "name": "",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "bindingDigest",
  "inputs": [
   {
    "name": "provider",
    "type": "address",
    "internalType": "address"
   }
  ],
  "outputs": [
   {
    "name": "",
    "type": "bytes32",
    "internalType": "bytes32"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "burned",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "cancelNonce",
  "inputs": [
   {
    "name": "nonce",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "eip712Domain",
  "inputs": [],
  "outputs": [
   {
    "name": "fields",
    "type": "bytes1",
    "internalType": "bytes1"
   },
   {
    "name": "name",
    "type": "string",
    "internalType": "string"
   },
   {
    "name": "version",
    "type": "string",
    "internalType": "string"
   },
   {
    "name": "chainId",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "verifyingContract",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "salt",
    "type": "bytes32",
    "internalType": "bytes32"
   },
   {
    "name": "extensions",
    "type": "uint256[]",
    "internalType": "uint256[]"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "isSlashable",
  "inputs": [
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   }
  ],
  "outputs": [
   {
    "name": "",
    "type": "bool",
    "internalType": "bool"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "minimumStake",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint96",
    "internalType": "uint96"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "multicall",
  "inputs": [
   {
    "name": "data",
    "type": "bytes[]",
    "internalType": "bytes[]"
   }
  ],
  "outputs": [
   {
    "name": "results",
    "type": "bytes[]",
    "internalType": "bytes[]"
   }
  ],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "nonceUsed",
  "inputs": [
   {
    "name": "account",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "nonce",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "outputs": [
   {
    "name": "",
    "type": "bool",
    "internalType": "bool"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "offerDigest",
  "inputs": [
   {
    "name": "provider",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "sequence",
    "type": "uint64",
    "internalType": "uint64"
   },
   {
    "name": "contentHash",
    "type": "bytes32",
    "internalType": "bytes32"
   }
  ],
  "outputs": [
   {
    "name": "",
    "type": "bytes32",
    "internalType": "bytes32"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "ownerOfKey",
  "inputs": [
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   }
  ],
  "outputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "keyId",
    "type": "uint32",
    "internalType": "uint32"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "protocolVersion",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint16",
    "internalType": "uint16"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "providerCount",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "providerOf",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   }
  ],
  "outputs": [
   {
    "name": "",
    "type": "tuple",
    "internalType": "struct ProviderView",
    "components": [
     {
      "name": "owner",
      "type": "address",
      "internalType": "address"
     },
     {
      "name": "stake",
      "type": "uint96",
      "internalType": "uint96"
     },
     {
      "name": "unbondsAt",
      "type": "uint40",
      "internalType": "uint40"
     },
     {
      "name": "registeredAt",
      "type": "uint40",
      "internalType": "uint40"
     },
     {
      "name": "slashCount",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "firstLiveKey",
      "type": "uint32",
      "internalType": "uint32"
     },
     {
      "name": "profile",
      "type": "tuple",
      "internalType": "struct Profile",
      "components": [
       {
        "name": "region",
        "type": "bytes8",
        "internalType": "bytes8"
       },
       {
        "name": "contactHash",
        "type": "bytes32",
        "internalType": "bytes32"
       },
       {
        "name": "protocolMin",
        "type": "uint16",
        "internalType": "uint16"
       },
       {
        "name": "protocolMax",
        "type": "uint16",
        "internalType": "uint16"
       },
       {
        "name": "active",
        "type": "bool",
        "internalType": "bool"
       },
       {
        "name": "relayIds",
        "type": "bytes32[]",
        "internalType": "bytes32[]"
       }
      ]
     },
     {
      "name": "keys",
      "type": "tuple[]",
      "internalType": "struct NodeKey[]",
      "components": [
       {
        "name": "key",
        "type": "address",
        "internalType": "address"
       },
       {
        "name": "addedAt",
        "type": "uint40",
        "internalType": "uint40"
       },
       {
        "name": "retiredAt",
        "type": "uint40",
        "internalType": "uint40"
       }
      ]
     }
    ]
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "providersPage",
  "inputs": [
   {
    "name": "offset",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "limit",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "outputs": [
   {
    "name": "page",
    "type": "tuple[]",
    "internalType": "struct ProviderView[]",
    "components": [
     {
      "name": "owner",
      "type": "address",
      "internalType": "address"
     },
     {
      "name": "stake",
      "type": "uint96",
      "internalType": "uint96"
     },
     {
      "name": "unbondsAt",
      "type": "uint40",
      "internalType": "uint40"
     },
     {
      "name": "registeredAt",
      "type": "uint40",
      "internalType": "uint40"
     },
     {
      "name": "slashCount",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "firstLiveKey",
      "type": "uint32",
      "internalType": "uint32"
     },
     {
      "name": "profile",
      "type": "tuple",
      "internalType": "struct Profile",
      "components": [
       {
        "name": "region",
        "type": "bytes8",
        "internalType": "bytes8"
       },
       {
        "name": "contactHash",
        "type": "bytes32",
        "internalType": "bytes32"
       },
       {
        "name": "protocolMin",
        "type": "uint16",
        "internalType": "uint16"
       },
       {
        "name": "protocolMax",
        "type": "uint16",
        "internalType": "uint16"
       },
       {
        "name": "active",
        "type": "bool",
        "internalType": "bool"
       },
       {
        "name": "relayIds",
        "type": "bytes32[]",
        "internalType": "bytes32[]"
       }
      ]
     },
     {
      "name": "keys",
      "type": "tuple[]",
      "internalType": "struct NodeKey[]",
      "components": [
       {
        "name": "key",
        "type": "address",
        "internalType": "address"
       },
       {
        "name": "addedAt",
        "type": "uint40",
        "internalType": "uint40"
       },
       {
        "name": "retiredAt",
        "type": "uint40",
        "internalType": "uint40"
       }
      ]
     }
    ]
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "register",
  "inputs": [
   {
    "name": "stake",
    "type": "uint96",
    "internalType": "uint96"
   },
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "binding",
    "type": "bytes",
    "internalType": "bytes"
   },
   {
    "name": "profile",
    "type": "tuple",
    "internalType": "struct Profile",
    "components": [
     {
      "name": "region",
      "type": "bytes8",
      "internalType": "bytes8"
     },
     {
      "name": "contactHash",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "protocolMin",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "protocolMax",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "active",
      "type": "bool",
      "internalType": "bool"
     },
     {
      "name": "relayIds",
      "type": "bytes32[]",
      "internalType": "bytes32[]"
     }
    ]
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "registerFor",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "stake",
    "type": "uint96",
    "internalType": "uint96"
   },
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "binding",
    "type": "bytes",
    "internalType": "bytes"
   },
   {
    "name": "profile",
    "type": "tuple",
    "internalType": "struct Profile",
    "components": [
     {
      "name": "region",
      "type": "bytes8",
      "internalType": "bytes8"
     },
     {
      "name": "contactHash",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "protocolMin",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "protocolMax",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "active",
      "type": "bool",
      "internalType": "bool"
     },
     {
      "name": "relayIds",
      "type": "bytes32[]",
      "internalType": "bytes32[]"
     }
    ]
   },
   {
    "name": "tip",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "authorization",
    "type": "tuple",
    "internalType": "struct Authorization",
    "components": [
     {
      "name": "maxTip",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "nonce",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "signature",
      "type": "bytes",
      "internalType": "bytes"
     }
    ]
   },
   {
    "name": "permit",
    "type": "tuple",
    "internalType": "struct Permit",
    "components": [
     {
      "name": "value",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "v",
      "type": "uint8",
      "internalType": "uint8"
     },
     {
      "name": "r",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "s",
      "type": "bytes32",
      "internalType": "bytes32"
     }
    ]
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "registerWithPermit",
  "inputs": [
   {
    "name": "stake",
    "type": "uint96",
    "internalType": "uint96"
   },
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "binding",
    "type": "bytes",
    "internalType": "bytes"
   },
   {
    "name": "profile",
    "type": "tuple",
    "internalType": "struct Profile",
    "components": [
     {
      "name": "region",
      "type": "bytes8",
      "internalType": "bytes8"
     },
     {
      "name": "contactHash",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "protocolMin",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "protocolMax",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "active",
      "type": "bool",
      "internalType": "bool"
     },
     {
      "name": "relayIds",
      "type": "bytes32[]",
      "internalType": "bytes32[]"
     }
    ]
   },
   {
    "name": "permit",
    "type": "tuple",
    "internalType": "struct Permit",
    "components": [
     {
      "name": "value",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "v",
      "type": "uint8",
      "internalType": "uint8"
     },
     {
      "name": "r",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "s",
      "type": "bytes32",
      "internalType": "bytes32"
     }
    ]
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "retireKey",
  "inputs": [
   {
    "name": "keyId",
    "type": "uint32",
    "internalType": "uint32"
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "retireKeyFor",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "keyId",
    "type": "uint32",
    "internalType": "uint32"
   },
   {
    "name": "tip",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "authorization",
    "type": "tuple",
    "internalType": "struct Authorization",
    "components": [
     {
      "name": "maxTip",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "nonce",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "signature",
      "type": "bytes",
      "internalType": "bytes"
     }
    ]
   },
   {
    "name": "permit",
    "type": "tuple",
    "internalType": "struct Permit",
    "components": [
     {
      "name": "value",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "v",
      "type": "uint8",
      "internalType": "uint8"
     },
     {
      "name": "r",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "s",
      "type": "bytes32",
      "internalType": "bytes32"
     }
    ]
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "slashEquivocation",
  "inputs": [
   {
    "name": "provider",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "sequence",
    "type": "uint64",
    "internalType": "uint64"
   },
   {
    "name": "contentA",
    "type": "bytes32",
    "internalType": "bytes32"
   },
   {
    "name": "signatureA",
    "type": "bytes",
    "internalType": "bytes"
   },
   {
    "name": "contentB",
    "type": "bytes32",
    "internalType": "bytes32"
   },
   {
    "name": "signatureB",
    "type": "bytes",
    "internalType": "bytes"
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "startUnbonding",
  "inputs": [],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "startUnbondingFor",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "tip",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "authorization",
    "type": "tuple",
    "internalType": "struct Authorization",
    "components": [
     {
      "name": "maxTip",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "nonce",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "signature",
      "type": "bytes",
      "internalType": "bytes"
     }
    ]
   },
   {
    "name": "permit",
    "type": "tuple",
    "internalType": "struct Permit",
    "components": [
     {
      "name": "value",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "v",
      "type": "uint8",
      "internalType": "uint8"
     },
     {
      "name": "r",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "s",
      "type": "bytes32",
      "internalType": "bytes32"
     }
    ]
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "token",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "address",
    "internalType": "address"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "update",
  "inputs": [
   {
    "name": "profile",
    "type": "tuple",
    "internalType": "struct Profile",
    "components": [
     {
      "name": "region",
      "type": "bytes8",
      "internalType": "bytes8"
     },
     {
      "name": "contactHash",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "protocolMin",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "protocolMax",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "active",
      "type": "bool",
      "internalType": "bool"
     },
     {
      "name": "relayIds",
      "type": "bytes32[]",
      "internalType": "bytes32[]"
     }
    ]
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "updateFor",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "profile",
    "type": "tuple",
    "internalType": "struct Profile",
    "components": [
     {
      "name": "region",
      "type": "bytes8",
      "internalType": "bytes8"
     },
     {
      "name": "contactHash",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "protocolMin",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "protocolMax",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "active",
      "type": "bool",
      "internalType": "bool"
     },
     {
      "name": "relayIds",
      "type": "bytes32[]",
      "internalType": "bytes32[]"
     }
    ]
   },
   {
    "name": "tip",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "authorization",
    "type": "tuple",
    "internalType": "struct Authorization",
    "components": [
     {
      "name": "maxTip",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "nonce",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "signature",
      "type": "bytes",
      "internalType": "bytes"
     }
    ]
   },
   {
    "name": "permit",
    "type": "tuple",
    "internalType": "struct Permit",
    "components": [
     {
      "name": "value",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "v",
      "type": "uint8",
      "internalType": "uint8"
     },
     {
      "name": "r",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "s",
      "type": "bytes32",
      "internalType": "bytes32"
     }
    ]
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "withdraw",
  "inputs": [
   {
    "name": "to",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "amount",
    "type": "uint256",
    "internalType": "uint256"
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "withdrawFor",
  "inputs": [
   {
    "name": "account",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "to",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "amount",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "tip",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "authorization",
    "type": "tuple",
    "internalType": "struct Authorization",
    "components": [
     {
      "name": "maxTip",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "nonce",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "deadline",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "signature",
      "type": "bytes",
      "internalType": "bytes"
     }
    ]
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "withdrawStake",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "event",
  "name": "EIP712DomainChanged",
  "inputs": [],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "KeyAdded",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "key",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "keyId",
    "type": "uint32",
    "indexed": false,
    "internalType": "uint32"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "KeyRetired",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "key",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "keyId",
    "type": "uint32",
    "indexed": false,
    "internalType": "uint32"
   },
   {
    "name": "retiredAt",
    "type": "uint40",
    "indexed": false,
    "internalType": "uint40"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "NonceCancelled",
  "inputs": [
   {
    "name": "account",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "nonce",
    "type": "uint256",
    "indexed": false,
    "internalType": "uint256"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "ProviderRegistered",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "region",
    "type": "bytes8",
    "indexed": true,
    "internalType": "bytes8"
   },
   {
    "name": "stake",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "profile",
    "type": "tuple",
    "indexed": false,
    "internalType": "struct Profile",
    "components": [
     {
      "name": "region",
      "type": "bytes8",
      "internalType": "bytes8"
     },
     {
      "name": "contactHash",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "protocolMin",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "protocolMax",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "active",
      "type": "bool",
      "internalType": "bool"
     },
     {
      "name": "relayIds",
      "type": "bytes32[]",
      "internalType": "bytes32[]"
     }
    ]
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "ProviderUpdated",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "region",
    "type": "bytes8",
    "indexed": true,
    "internalType": "bytes8"
   },
   {
    "name": "profile",
    "type": "tuple",
    "indexed": false,
    "internalType": "struct Profile",
    "components": [
     {
      "name": "region",
      "type": "bytes8",
      "internalType": "bytes8"
     },
     {
      "name": "contactHash",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "protocolMin",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "protocolMax",
      "type": "uint16",
      "internalType": "uint16"
     },
     {
      "name": "active",
      "type": "bool",
      "internalType": "bool"
     },
     {
      "name": "relayIds",
      "type": "bytes32[]",
      "internalType": "bytes32[]"
     }
    ]
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "Slashed",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "key",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "reporter",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "sequence",
    "type": "uint64",
    "indexed": false,
    "internalType": "uint64"
   },
   {
    "name": "reward",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "burned",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "StakeReleased",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "stake",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "TipPaid",
  "inputs": [
   {
    "name": "from",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "submitter",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "tip",
    "type": "uint256",
    "indexed": false,
    "internalType": "uint256"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "UnbondingStarted",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "unbondsAt",
    "type": "uint40",
    "indexed": false,
    "internalType": "uint40"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "Withdrawn",
  "inputs": [
   {
    "name": "account",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "to",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "amount",
    "type": "uint256",
    "indexed": false,
    "internalType": "uint256"
   }
  ],
  "anonymous": false
 },
 {
  "type": "error",
  "name": "AddressEmptyCode",
  "inputs": [
   {
    "name": "target",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "AlreadyRegistered",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "AmountZero",
  "inputs": []
 },
 {
  "type": "error",
  "name": "DeadlinePassed",
  "inputs": [
   {
    "name": "deadline",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "FailedCall",
  "inputs": []
 },
 {
  "type": "error",
  "name": "InsufficientBalance",
  "inputs": [
   {
    "name": "account",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "balance",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "needed",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "InvalidAuthorization",
  "inputs": [
   {
    "name": "account",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "InvalidKeyBinding",
  "inputs": [
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "InvalidOfferSignature",
  "inputs": []
 },
 {
  "type": "error",
  "name": "InvalidProtocolRange",
  "inputs": [
   {
    "name": "protocolMin",
    "type": "uint16",
    "internalType": "uint16"
   },
   {
    "name": "protocolMax",
    "type": "uint16",
    "internalType": "uint16"
   }
  ]
 },
 {
  "type": "error",
  "name": "InvalidRegion",
  "inputs": []
 },
 {
  "type": "error",
  "name": "InvalidShortString",
  "inputs": []
 },
 {
  "type": "error",
  "name": "KeyAlreadyRetired",
  "inputs": [
   {
    "name": "keyId",
    "type": "uint32",
    "internalType": "uint32"
   }
  ]
 },
 {
  "type": "error",
  "name": "KeyInUse",
  "inputs": [
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "KeyNotSlashable",
  "inputs": [
   {
    "name": "key",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "NoSuchKey",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "keyId",
    "type": "uint32",
    "internalType": "uint32"
   }
  ]
 },
 {
  "type": "error",
  "name": "NonceUsed",
  "inputs": [
   {
    "name": "account",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "nonce",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "NotRegistered",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "NotUnbonding",
  "inputs": [
   {
    "name": "owner",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "ReentrancyGuardReentrantCall",
  "inputs": []
 },
 {
  "type": "error",
  "name": "SafeERC20FailedOperation",
  "inputs": [
   {
    "name": "token",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "SameContent",
  "inputs": []
 },
 {
  "type": "error",
  "name": "StakeBelowMinimum",
  "inputs": [
   {
    "name": "stake",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "minimum",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "StringTooLong",
  "inputs": [
   {
    "name": "str",
    "type": "string",
    "internalType": "string"
   }
  ]
 },
 {
  "type": "error",
  "name": "TipTooHigh",
  "inputs": [
   {
    "name": "tip",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "maxTip",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "TooManyKeys",
  "inputs": [
   {
    "name": "count",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "maximum",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "TooManyRelays",
  "inputs": [
   {
    "name": "count",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "maximum",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "TransferAmountMismatch",
  "inputs": [
   {
    "name": "expected",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "received",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "Unbonding",
  "inputs": [
   {
    "name": "unbondsAt",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "UnbondingNotDue",
  "inputs": [
   {
    "name": "unbondsAt",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "ZeroAddress",
  "inputs": []
 }
] as const

export const stakeRegistryBytecode =
  '0x6101a0604052348015610010575f5ffd5b5060405161524f38038061524f83398101604081905261002f916101e7565b816040518060400160405280601381526020017f41646974205374616b6520526567697374727900000000000000000000000000815250604051806040016040528060018152602001603160f81b81525061008f826101a160201b60201c565b6101205261009c816101a1565b61014052815160208084019190912060e052815190820120610100524660a05261012860e05161010051604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201529081019290925260608201524660808201523060a08201525f9060c00160405160208183030381529060405280519060200120905090565b60805250503060c0526001600160a01b0381166101585760405163d92e233d60e01b815260040160405180910390fd5b6001600160a01b0316610160526001600160601b0381165f0361018e576040516365e52d5160e11b815260040160405180910390fd5b6001600160601b03166101805250610290565b5f5f829050601f815111156101d4578260405163305a27a960e01b81526004016101cb9190610235565b60405180910390fd5b80516101df8261026a565b179392505050565b5f5f604083850312156101f8575f5ffd5b82516001600160a01b038116811461020e575f5ffd5b60208401519092506001600160601b038116811461022a575f5ffd5b809150509250929050565b602081525f82518060208401528060208501604085015e5f604082850101526040601f19601f83011684010191505092915050565b8051602080830151919081101561028a575f198160200360031b1b821691505b50919050565b60805160a05160c05160e0516101005161012051610140516101605161018051614f2261032d5f395f818161058d0152818161230e015261238d01525f81816105f901528181611653015281816119640152818161272601528181613233015281816132cd015261333c01525f61297801525f61294801525f6134da01525f6134b201525f61340d01525f61343701525f6134610152614f225ff3fe608060405234801561000f575f5ffd5b5060043610610235575f3560e01c806373f425611161013d578063c3f2f64f116100b8578063ea59df4911610088578063f3fef3a31161006e578063f3fef3a3146105cc578063fc0c546a146105df578063fdeed1f314610623575f5ffd5b8063ea59df4914610575578063ec5ffac214610588575f5ffd5b8063c3f2f64f1461053e578063c470db1c14610546578063cfdd7aea1461054f578063cffb7ef114610562575f5ffd5b806384b0196e1161010d578063b1e931f2116100f3578063b1e931f2146104f0578063bce879ef14610518578063c23a5cea1461052b575f5ffd5b806384b0196e146104b5578063ac9650d8146104d0575f5ffd5b806373f425611461047e57806374c83268146104875780637c441fd01461048f5780637cdcce5e146104a2575f5ffd5b80633a8342e4116101cd578063617683691161019d5780636d42bc9a116101835780636d42bc9a1461043957806370a082311461044c5780637212b48a1461046b575f5ffd5b8063617683691461039b5780636ad435a7146103ae575f5ffd5b80633a8342e4146103645780633ddeae1b1461037757806347fd8e2d1461038a5780635e4af42914610393575f5ffd5b806321338b381161020857806321338b38146102f65780632ac1aba3146103165780632ae9c6001461032957806330b177cb14610344575f5ffd5b80630864e24a146102395780630fe7683f1461025f57806314a8a6d31461027f5780631647795e14610294575b5f5ffd5b61024c610247366004613df6565b610636565b6040519081526020015b60405180910390f35b6102696212750081565b60405164ffffffffff9091168152602001610256565b61029261028d366004613e6b565b6106ad565b005b6102e66102a2366004613f0d565b73ffffffffffffffffffffffffffffffffffffffff82165f908152600360209081526040808320600885901c8452909152902054600160ff83161b16151592915050565b6040519015158152602001610256565b610309610304366004613df6565b6109c6565b6040516102569190614133565b610292610324366004614158565b610d26565b610331600181565b60405161ffff9091168152602001610256565b610357610352366004614171565b610d43565b6040516102569190614191565b610292610372366004614263565b610eb8565b610292610385366004614341565b610fb8565b61024c6103e881565b61024c600881565b6102926103a93660046143a7565b61106e565b6104086103bc366004613df6565b73ffffffffffffffffffffffffffffffffffffffff9081165f90815260076020526040902054908116917401000000000000000000000000000000000000000090910463ffffffff1690565b6040805173ffffffffffffffffffffffffffffffffffffffff909316835263ffffffff909116602083015201610256565b610292610447366004614442565b6110ad565b61024c61045a366004613df6565b60026020525f908152604090205481565b6102926104793660046144d2565b611178565b61024c60045481565b60085461024c565b61029261049d366004614504565b61118a565b61024c6104b0366004614552565b611232565b6104bd6112a9565b60405161025697969594939291906145d8565b6104e36104de366004614697565b611307565b6040516102569190614708565b6105036104fe36600461477d565b6113ed565b60405163ffffffff9091168152602001610256565b610292610526366004614822565b6114c0565b610292610539366004613df6565b61167a565b610292611811565b61024c61010081565b61029261055d36600461488f565b61182c565b6102926105703660046148a6565b61186e565b610503610583366004614923565b6118a4565b6105af7f000000000000000000000000000000000000000000000000000000000000000081565b6040516bffffffffffffffffffffffff9091168152602001610256565b6102926105da366004613f0d565b6118cd565b60405173ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000168152602001610256565b6102e6610631366004613df6565b611998565b5f6106a77fe2fb566e25dfb5f5f3f19fd39759facca4e2ad4cf684e810a8a37bd3f9b23da48360405160200161068c92919091825273ffffffffffffffffffffffffffffffffffffffff16602082015260400190565b60405160208183030381529060405280519060200120611af0565b92915050565b6106b5611b37565b8286036106ee576040517f240b880200000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b5f5f6107056106fe8b8b8b611232565b8888611b6c565b5090925090505f81600381111561071e5761071e614972565b14610755576040517fa2fb840f00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b61076b826107648c8c89611232565b8686611bb3565b6107a1576040517fa2fb840f00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b73ffffffffffffffffffffffffffffffffffffffff8281165f908152600760205260409020548116908b161415806107df57506107dd82611998565b155b15610833576040517f496a559b00000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff831660048201526024015b60405180910390fd5b73ffffffffffffffffffffffffffffffffffffffff8a165f908152600560205260408120805490916bffffffffffffffffffffffff9091169061271061087b6103e8846149cc565b61088591906149e3565b90506108918d84611c1c565b600183600201600d8282829054906101000a900461ffff166108b39190614a1b565b92506101000a81548161ffff021916908361ffff16021790555080826108d99190614a35565b6bffffffffffffffffffffffff1660045f8282546108f79190614a59565b9091555050335f90815260026020526040812080546bffffffffffffffffffffffff84169290610928908490614a59565b9091555033905073ffffffffffffffffffffffffffffffffffffffff868116908f167f7c9d64687d0f4d659560fe0b00fb4b95de05ee4d6be5094933846a920e1477088f856109778189614a35565b6040805167ffffffffffffffff90941684526bffffffffffffffffffffffff928316602085015291169082015260600160405180910390a450505050506109bc611e14565b5050505050505050565b6040805161010080820183525f80835260208084018290528385018290526060808501839052608080860184905260a0808701859052875160c08082018a52868252818601879052818a018790528185018790529281018690529081018390529086015260e085015273ffffffffffffffffffffffffffffffffffffffff86168252600590528390208351918201909352825491929181906bffffffffffffffffffffffff1615610a775784610a79565b5f5b73ffffffffffffffffffffffffffffffffffffffff16815282546bffffffffffffffffffffffff811660208084019190915274010000000000000000000000000000000000000000820464ffffffffff908116604080860191909152600287015464010000000081049092166060808701919091526d0100000000000000000000000000830461ffff908116608080890191909152690100000000000000000090940463ffffffff1660a080890191909152835160c080820186526c010000000000000000000000008904811b7fffffffffffffffff00000000000000000000000000000000000000000000000016825260018c01548289015279010000000000000000000000000000000000000000000000000089048416828701527b010000000000000000000000000000000000000000000000000000008904909316938101939093527d01000000000000000000000000000000000000000000000000000000000090960460ff161515938201939093526003880180548351818702810187019094528084529390960195909485019391929091830182828015610c3d57602002820191905f5260205f20905b815481526020019060010190808311610c29575b505050919092525050815273ffffffffffffffffffffffffffffffffffffffff85165f9081526006602090815260408083208054825181850281018501909352808352948301949193909284015b82821015610d19575f848152602090819020604080516060810182529185015473ffffffffffffffffffffffffffffffffffffffff8116835264ffffffffff7401000000000000000000000000000000000000000082048116848601527901000000000000000000000000000000000000000000000000009091041690820152825260019092019101610c8b565b5050509152509392505050565b610d2e611b37565b610d383382611e3e565b610d40611e14565b50565b6008546060905f818510610d575781610d59565b845b90505f610d668284614a6c565b8510610d7b57610d768284614a6c565b610d7d565b845b90508067ffffffffffffffff811115610d9857610d98614a7f565b604051908082528060200260200182016040528015610e3757816020015b60408051610100810182525f80825260208083018290528284018290526060808401839052608080850184905260a0808601859052865160c080820189528682529481018690529687018590528683018590529086019390935291840182905282019290925260e0810191909152815260200190600190039081610db65790505b5093505f5b81811015610eae57610e896008610e538386614a59565b81548110610e6357610e63614aac565b5f9182526020909120015473ffffffffffffffffffffffffffffffffffffffff166109c6565b858281518110610e9b57610e9b614aac565b6020908102919091010152600101610e3c565b5050505092915050565b610ec0611b37565b5f7fa49380aa9143efc703c47f1523910cfb04d89d855a224f6f0e87909958af7ec28a8a6bffffffffffffffffffffffff168a610efc89612052565b6040805160208082019790975273ffffffffffffffffffffffffffffffffffffffff95861681830152606081019490945293909116608083015260a0820152853560c08201529185013560e083015284013561010082015261012001604051602081830303815290604052805190602001209050610f7c8a828686612185565b610f8a8a8a8a8a8a8a612289565b610fa48a8a6bffffffffffffffffffffffff168685612585565b50610fad611e14565b505050505050505050565b610fc0611b37565b604080517f342693666c40d8a2677168cef2e46eb58302c0d471418271343854cb973996fd60208281019190915273ffffffffffffffffffffffffffffffffffffffff8716828401528435606083015284013560808201529083013560a08201525f9060c00160405160208183030381529060405280519060200120905061104a85828686612185565b6110538561262e565b61105f855f8685612585565b50611068611e14565b50505050565b611076611b37565b611084338787878787612289565b61109d33876bffffffffffffffffffffffff1683612708565b6110a5611e14565b505050505050565b6110b5611b37565b5f7f50c4744bcc26db14781c46b1d123b5a5ca9963ca941406612aca0e3363711d02866110e187612052565b6040805160208082019590955273ffffffffffffffffffffffffffffffffffffffff909316838201526060830191909152853560808301529185013560a08201529084013560c082015260e00160405160208183030381529060405280519060200120905061115286828686612185565b61115c868661281b565b611168865f8685612585565b50611171611e14565b5050505050565b611180611b37565b610d38338261281b565b611192611b37565b604080517fb0b30df6d071a3c2351fbe9f20ab5333b762f294c87c1447269e32285d1b348560208083019190915273ffffffffffffffffffffffffffffffffffffffff88168284015263ffffffff871660608301528435608083015284013560a08201529083013560c08201525f9060e00160405160208183030381529060405280519060200120905061122886828686612185565b61115c8686611e3e565b604080517f2cd4f1548dc0fadf19c5ad59900d1623f634395eb9c266a246a0e534427e16ba602082015273ffffffffffffffffffffffffffffffffffffffff85169181019190915267ffffffffffffffff83166060820152608081018290525f9061129f9060a00161068c565b90505b9392505050565b5f6060805f5f5f60606112ba612941565b6112c2612971565b604080515f808252602082019092527f0f000000000000000000000000000000000000000000000000000000000000009b939a50919850469750309650945092509050565b604080515f8152602081019091526060908267ffffffffffffffff81111561133157611331614a7f565b60405190808252806020026020018201604052801561136457816020015b606081526020019060019003908161134f5790505b5091505f5b838110156113e5576113c03086868481811061138757611387614aac565b90506020028101906113999190614ad9565b856040516020016113ac93929190614b3a565b60405160208183030381529060405261299c565b8382815181106113d2576113d2614aac565b6020908102919091010152600101611369565b505092915050565b5f6113f6611b37565b604080517fb7bf90e0570ccbb54a94f61a4b0dad561991e6f0f01595246457fcb815c702c660208083019190915273ffffffffffffffffffffffffffffffffffffffff808c16838501528a1660608301528535608083015285013560a08201529084013560c08201525f9060e00160405160208183030381529060405280519060200120905061148889828787612185565b61149189612a88565b5061149e89898989612b15565b91506114ac895f8786612585565b506114b5611e14565b979650505050505050565b6114c8611b37565b604080517fc450f5e9832a5b762536343260163f4e1623d0e2e0db989b51473ee40971a8b260208281019190915273ffffffffffffffffffffffffffffffffffffffff808916838501528716606083015260808201869052833560a083015283013560c08201529082013560e082015261155f90869061010001604051602081830303815290604052805190602001208484612185565b5f61156b868686612e36565b9050808311156115cd576040517fdb42144d00000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff87166004820152602481018290526044810184905260640161082a565b6115d78684612fcf565b73ffffffffffffffffffffffffffffffffffffffff8086169087167fd1c19fbcd4551a5edfb66d43d2e337c04837afda3482b42bdf569a8fccdae5fb61161d8685614a6c565b60405190815260200160405180910390a36111688561163c8584614a6c565b73ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016919061304e565b611682611b37565b5f61168c826130a9565b805490915074010000000000000000000000000000000000000000900464ffffffffff165f819003611702576040517f68dadb1500000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8416600482015260240161082a565b8064ffffffffff1642101561174c576040517f24d8e26300000000000000000000000000000000000000000000000000000000815264ffffffffff8216600482015260240161082a565b81546bffffffffffffffffffffffff166117668484611c1c565b73ffffffffffffffffffffffffffffffffffffffff84165f90815260026020526040812080546bffffffffffffffffffffffff841692906117a8908490614a59565b90915550506040516bffffffffffffffffffffffff8216815273ffffffffffffffffffffffffffffffffffffffff8516907f06bf5a19ac208c8e4948ca2862f359dd2181b9fd3c276fe94d231f5409c4a3e29060200160405180910390a2505050610d40611e14565b611819611b37565b6118223361262e565b61182a611e14565b565b6118363382613131565b60405181815233907f26ccf9904b9b2fb069d347553978928fd2fc65efb2638dcbeb8d142e974479f09060200160405180910390a250565b611876611b37565b611884338686868686612289565b61189c33866bffffffffffffffffffffffff16613203565b611171611e14565b5f6118ad611b37565b6118b633612a88565b506118c333858585612b15565b90506112a2611e14565b6118d5611b37565b5f6118e1338484612e36565b90508273ffffffffffffffffffffffffffffffffffffffff163373ffffffffffffffffffffffffffffffffffffffff167fd1c19fbcd4551a5edfb66d43d2e337c04837afda3482b42bdf569a8fccdae5fb8360405161194291815260200190565b60405180910390a361198b73ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016848361304e565b50611994611e14565b5050565b73ffffffffffffffffffffffffffffffffffffffff8181165f9081526007602090815260408083208151808301909252549384168082527401000000000000000000000000000000000000000090940463ffffffff169181019190915290911580611a475750805173ffffffffffffffffffffffffffffffffffffffff165f908152600560209081526040909120600201549082015163ffffffff690100000000000000000090920482169116105b15611a5457505f92915050565b805173ffffffffffffffffffffffffffffffffffffffff165f908152600660209081526040822090830151815463ffffffff909116908110611a9857611a98614aac565b5f91825260209091200154790100000000000000000000000000000000000000000000000000900464ffffffffff169050801580611ae85750611ade6212750082614b5d565b64ffffffffff1642105b949350505050565b5f6106a7611afc6133f4565b836040517f19010000000000000000000000000000000000000000000000000000000000008152600281019290925260228201526042902090565b611b3f61352a565b61182a60017f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005b90613583565b5f80806041849003611ba0578435602086013560408701355f1a611b928982858561358a565b955095509550505050611baa565b505f915060029050825b93509350939050565b5f5f5f611bc1868686611b6c565b5090925090505f816003811115611bda57611bda614972565b1480156114b557508673ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff1614979650505050505050565b80547fffff00ffffffff0000000000ffffffffffffffff00000000000000000000000016815573ffffffffffffffffffffffffffffffffffffffff82165f9081526006602052604081205460028301805463ffffffff9092166901000000000000000000027fffffffffffffffffffffffffffffffffffffff00000000ffffffffffffffffff90921691909117905560088054611cbb90600190614a6c565b81548110611ccb57611ccb614aac565b5f9182526020909120015460028301546008805473ffffffffffffffffffffffffffffffffffffffff90931693508392909163ffffffff16908110611d1257611d12614aac565b5f9182526020808320909101805473ffffffffffffffffffffffffffffffffffffffff9485167fffffffffffffffffffffffff00000000000000000000000000000000000000009091161790556002808601549385168352600590915260409091200180547fffffffffffffffffffffffffffffffffffffffffffffffffffffffff000000001663ffffffff9092169190911790556008805480611db857611db8614b7a565b5f8281526020902081017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff90810180547fffffffffffffffffffffffff0000000000000000000000000000000000000000169055019055505050565b61182a5f7f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f00611b66565b5f611e48836130a9565b73ffffffffffffffffffffffffffffffffffffffff84165f90815260066020526040902060028201549192509063ffffffff690100000000000000000090910481169084161080611ea05750805463ffffffff841610155b15611efb576040517f9230358400000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8516600482015263ffffffff8416602482015260440161082a565b808363ffffffff1681548110611f1357611f13614aac565b5f91825260209091200154790100000000000000000000000000000000000000000000000000900464ffffffffff1615611f81576040517fbff3900500000000000000000000000000000000000000000000000000000000815263ffffffff8416600482015260240161082a565b42818463ffffffff1681548110611f9a57611f9a614aac565b905f5260205f20015f0160196101000a81548164ffffffffff021916908364ffffffffff160217905550808363ffffffff1681548110611fdc57611fdc614aac565b5f91825260209182902001546040805163ffffffff8716815264ffffffffff42169381019390935273ffffffffffffffffffffffffffffffffffffffff91821692918716917f58e79ca2172c99e1e218e5194155025726f055bc2e8d032d33821c36c74d5225910160405180910390a350505050565b5f7f0f0c4b310695a1a94c91a15ddcc80ea073197af10762aef37d3b3316c1ea489b6120816020840184614bd6565b60208401356120966060860160408701614c00565b6120a66080870160608801614c00565b6120b660a0880160808901614c28565b6120c360a0890189614c41565b6040516020016120d4929190614ca5565b604080517fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe08184030181528282528051602091820120908301989098527fffffffffffffffff00000000000000000000000000000000000000000000000090961695810195909552606085019390935261ffff91821660808501521660a0830152151560c082015260e081019190915261010001604051602081830303815290604052805190602001209050919050565b80604001354211156121c957604080517fbfb22adf00000000000000000000000000000000000000000000000000000000815290820135600482015260240161082a565b803582111561220e576040517f6f434671000000000000000000000000000000000000000000000000000000008152600481018390528135602482015260440161082a565b61222d8461221b85611af0565b6122286060850185614ad9565b611bb3565b61227b576040517fb548c0b000000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8516600482015260240161082a565b611068848260200135613131565b73ffffffffffffffffffffffffffffffffffffffff86165f90815260056020526040902080546bffffffffffffffffffffffff161561230c576040517f45ed80e900000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8816600482015260240161082a565b7f00000000000000000000000000000000000000000000000000000000000000006bffffffffffffffffffffffff16866bffffffffffffffffffffffff1610156123ba576040517f78e030db0000000000000000000000000000000000000000000000000000000081526bffffffffffffffffffffffff80881660048301527f000000000000000000000000000000000000000000000000000000000000000016602482015260440161082a565b80546bffffffffffffffffffffffff87167fffffffffffffffffffffffffffffffffffffffff00000000000000000000000090911617815560028101805464ffffffffff4216640100000000027fffffffffffffffffffffffffffffffffffffffffffffff0000000000ffffffff8216811783556008805463ffffffff167fffffffffffffffffffffffffffffffffffffffffffffffffffffffff000000009092167fffffffffffffffffffffffffffffffffffffffffffffff000000000000000000909316929092171790915580546001810182555f919091527ff3f7a9fe364faab93b216da50a3214154f22a0a2b415b23a84c8169e8b636ee301805473ffffffffffffffffffffffffffffffffffffffff89167fffffffffffffffffffffffff0000000000000000000000000000000000000000909116179055612501818361367d565b61250e6020830183614bd6565b77ffffffffffffffffffffffffffffffffffffffffffffffff19168773ffffffffffffffffffffffffffffffffffffffff167f154d6b6cae9ba9f35e456611a2d421badfb8d5c05226987a5eab870e251907b48885604051612571929190614e19565b60405180910390a36109bc87868686612b15565b5f6125908385614a59565b73ffffffffffffffffffffffffffffffffffffffff86165f908152600260205260408120549192508282106125c557826125c7565b815b905080156125ff576125d98183614a6c565b73ffffffffffffffffffffffffffffffffffffffff88165f908152600260205260409020555b6126098786612fcf565b80831115612625576126258761261f8386614a6c565b86612708565b50505050505050565b5f61263882612a88565b90505f6126486212750042614b5d565b82547fffff00ffffffff0000000000ffffffffffffffffffffffffffffffffffffffff167401000000000000000000000000000000000000000064ffffffffff83169081027fffff00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffff1691909117845560405190815290915073ffffffffffffffffffffffffffffffffffffffff8416907f6c94efa8288b718206d8590024f96d69f931dc01de9e76199386463366d3d1aa9060200160405180910390a2505050565b80351561280c5773ffffffffffffffffffffffffffffffffffffffff7f00000000000000000000000000000000000000000000000000000000000000001663d505accf8430843560208601356127646060880160408901614e3f565b6040517fffffffff0000000000000000000000000000000000000000000000000000000060e088901b16815273ffffffffffffffffffffffffffffffffffffffff95861660048201529490931660248501526044840191909152606483015260ff166084820152606084013560a4820152608084013560c482015260e4015f604051808303815f87803b1580156127f9575f5ffd5b505af192505050801561280a575060015b505b6128168383613203565b505050565b5f612825836130a9565b805490915074010000000000000000000000000000000000000000900464ffffffffff1615801590612862575061286260a0830160808401614c28565b156128bc5780546040517f045fd2410000000000000000000000000000000000000000000000000000000081527401000000000000000000000000000000000000000090910464ffffffffff16600482015260240161082a565b6128c6818361367d565b6128d36020830183614bd6565b77ffffffffffffffffffffffffffffffffffffffffffffffff19168373ffffffffffffffffffffffffffffffffffffffff167f7b29ba992150db7407eed1f44895cd50d3fbbabc1a63e470688262422f44812f846040516129349190614e5f565b60405180910390a3505050565b606061296c7f0000000000000000000000000000000000000000000000000000000000000000613927565b905090565b606061296c7f0000000000000000000000000000000000000000000000000000000000000000613927565b60605f6129a98484613964565b90508080156129d757505f3d11806129d757505f8473ffffffffffffffffffffffffffffffffffffffff163b115b156129ec576129e4613977565b9150506106a7565b8015612a3c576040517f9996b31500000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8516600482015260240161082a565b3d15612a4f57612a4a613990565b612a81565b6040517fd6bda27500000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b5092915050565b5f612a92826130a9565b805490915074010000000000000000000000000000000000000000900464ffffffffff1615612b105780546040517f045fd2410000000000000000000000000000000000000000000000000000000081527401000000000000000000000000000000000000000090910464ffffffffff16600482015260240161082a565b919050565b5f73ffffffffffffffffffffffffffffffffffffffff8416612b63576040517fd92e233d00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b73ffffffffffffffffffffffffffffffffffffffff8481165f908152600760205260409020541615612bd9576040517fded5294600000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8516600482015260240161082a565b73ffffffffffffffffffffffffffffffffffffffff85165f908152600660205260409020805461010011612c52578054612c14906001614a59565b6040517f470fb8e80000000000000000000000000000000000000000000000000000000081526004810191909152610100602482015260440161082a565b612c5f8561076488610636565b612cad576040517f6a8beb7f00000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8616600482015260240161082a565b80546040805160608101825273ffffffffffffffffffffffffffffffffffffffff88811680835264ffffffffff42811660208086019182525f86880181815260018a018b558a82528282209751978a018054945191518616790100000000000000000000000000000000000000000000000000027fffff0000000000ffffffffffffffffffffffffffffffffffffffffffffffffff92909616740100000000000000000000000000000000000000009081027fffffffffffffff0000000000000000000000000000000000000000000000000090961699891699909917949094171693909317909155855180870187528d851680825263ffffffff808a1683850181815287875260078652958a90209351845496519092169098027fffffffffffffffff000000000000000000000000000000000000000000000000909516961695909517929092179091559351928352939550917f15b788f2eeefc7fd837fa8e786253e9400e58713b7ecb28493b27786476275ff910160405180910390a350949350505050565b5f73ffffffffffffffffffffffffffffffffffffffff83161580612e6f575073ffffffffffffffffffffffffffffffffffffffff831630145b15612ea6576040517fd92e233d00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b73ffffffffffffffffffffffffffffffffffffffff84165f908152600260205260409020547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8314612ef85782612efa565b805b9150815f03612f35576040517fcbca5aa200000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b80821115612f95576040517fdb42144d00000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff86166004820152602481018290526044810183905260640161082a565b612f9f8282614a6c565b73ffffffffffffffffffffffffffffffffffffffff9095165f908152600260205260409020949094559392505050565b805f03612fda575050565b335f9081526002602052604081208054839290612ff8908490614a59565b9091555050604051818152339073ffffffffffffffffffffffffffffffffffffffff8416907f831d39e1a8098c77f12b23d3b3c86d72e8870e341919d5c14c26633fb496c64d9060200160405180910390a35050565b61305b838383600161399b565b612816576040517f5274afe700000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8416600482015260240161082a565b73ffffffffffffffffffffffffffffffffffffffff81165f908152600560205260408120805490916bffffffffffffffffffffffff9091169003612b10576040517fbfc6c33700000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8316600482015260240161082a565b73ffffffffffffffffffffffffffffffffffffffff82165f908152600360209081526040808320600885901c8452909152902054600160ff83161b90808216156131c6576040517f2af71f1000000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff851660048201526024810184905260440161082a565b73ffffffffffffffffffffffffffffffffffffffff9093165f90815260036020908152604080832060089590951c83529390529190912091179055565b6040517f70a082310000000000000000000000000000000000000000000000000000000081523060048201525f907f000000000000000000000000000000000000000000000000000000000000000073ffffffffffffffffffffffffffffffffffffffff16906370a0823190602401602060405180830381865afa15801561328d573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906132b19190614e71565b90506132f573ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016843085613a23565b6040517f70a082310000000000000000000000000000000000000000000000000000000081523060048201525f90829073ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016906370a0823190602401602060405180830381865afa158015613381573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906133a59190614e71565b6133af9190614a6c565b9050828114611068576040517fb6a9b654000000000000000000000000000000000000000000000000000000008152600481018490526024810182905260440161082a565b5f3073ffffffffffffffffffffffffffffffffffffffff7f00000000000000000000000000000000000000000000000000000000000000001614801561345957507f000000000000000000000000000000000000000000000000000000000000000046145b1561348357507f000000000000000000000000000000000000000000000000000000000000000090565b61296c604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201527f0000000000000000000000000000000000000000000000000000000000000000918101919091527f000000000000000000000000000000000000000000000000000000000000000060608201524660808201523060a08201525f9060c00160405160208183030381529060405280519060200120905090565b7f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005c1561182a576040517f3ee5aeb500000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b80825d5050565b5f80807f7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a08411156135c357505f91506003905082613673565b604080515f808252602082018084528a905260ff891692820192909252606081018790526080810186905260019060a0016020604051602081039080840390855afa158015613614573d5f5f3e3d5ffd5b50506040517fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0015191505073ffffffffffffffffffffffffffffffffffffffff811661366a57505f925060019150829050613673565b92505f91508190505b9450945094915050565b61369261368d6020830183614bd6565b613a7f565b6136a26060820160408301614c00565b61ffff1615806136d757506136bd6080820160608301614c00565b61ffff166136d16060830160408401614c00565b61ffff16115b1561373c576136ec6060820160408301614c00565b6136fc6080830160608401614c00565b6040517f202cf26a00000000000000000000000000000000000000000000000000000000815261ffff92831660048201529116602482015260440161082a565b600861374b60a0830183614c41565b9050111561379f5761376060a0820182614c41565b6040517fd2ac849c00000000000000000000000000000000000000000000000000000000815261082a9250600890600401918252602082015260400190565b6137ac6020820182614bd6565b825460c09190911c6c01000000000000000000000000027fffffffffffffffffffffffff0000000000000000ffffffffffffffffffffffff909116178255602081013560018301556138046060820160408301614c00565b825461ffff91909116790100000000000000000000000000000000000000000000000000027fffffffffff0000ffffffffffffffffffffffffffffffffffffffffffffffffff9091161782556138606080820160608301614c00565b825461ffff919091167b01000000000000000000000000000000000000000000000000000000027fffffff0000ffffffffffffffffffffffffffffffffffffffffffffffffffffff9091161782556138be60a0820160808301614c28565b82549015157d010000000000000000000000000000000000000000000000000000000000027fffff00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffff90911617825561391760a0820182614c41565b6003840191612816919083614e88565b60605f61393383613d00565b6040805160208082528183019092529192505f91906020820181803683375050509182525060208101929092525090565b5f5f5f835160208501865af49392505050565b6040513d81523d5f602083013e3d602001810160405290565b6040513d5f823e3d81fd5b6040517fa9059cbb000000000000000000000000000000000000000000000000000000005f81815273ffffffffffffffffffffffffffffffffffffffff8616600452602485905291602083604481808b5af1925060015f51148316613a17578383151615613a0b573d5f823e3d81fd5b5f873b113d1516831692505b60405250949350505050565b613a31848484846001613d40565b611068576040517f5274afe700000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8516600482015260240161082a565b805f1a60f81b7fff00000000000000000000000000000000000000000000000000000000000000165f03613adf576040517f97fa436900000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b5f805b6008811015612816575f838260088110613afe57613afe614aac565b1a60f81b90507fff0000000000000000000000000000000000000000000000000000000000000081165f03613b37576001925050613cf8565b5f7f41000000000000000000000000000000000000000000000000000000000000007fff00000000000000000000000000000000000000000000000000000000000000831610801590613bcc57507f5a000000000000000000000000000000000000000000000000000000000000007fff00000000000000000000000000000000000000000000000000000000000000831611155b80613c6657507f30000000000000000000000000000000000000000000000000000000000000007fff00000000000000000000000000000000000000000000000000000000000000831610801590613c6657507f39000000000000000000000000000000000000000000000000000000000000007fff00000000000000000000000000000000000000000000000000000000000000831611155b80613cb257507f2d000000000000000000000000000000000000000000000000000000000000007fff000000000000000000000000000000000000000000000000000000000000008316145b90508380613cbe575080155b15613cf5576040517f97fa436900000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b50505b600101613ae2565b5f60ff8216601f8111156106a7576040517fb3512b0c00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b6040517f23b872dd000000000000000000000000000000000000000000000000000000005f81815273ffffffffffffffffffffffffffffffffffffffff8781166004528616602452604485905291602083606481808c5af1925060015f51148316613dc2578383151615613db6573d5f823e3d81fd5b5f883b113d1516831692505b604052505f60605295945050505050565b803573ffffffffffffffffffffffffffffffffffffffff81168114612b10575f5ffd5b5f60208284031215613e06575f5ffd5b6112a282613dd3565b803567ffffffffffffffff81168114612b10575f5ffd5b5f5f83601f840112613e36575f5ffd5b50813567ffffffffffffffff811115613e4d575f5ffd5b602083019150836020828501011115613e64575f5ffd5b9250929050565b5f5f5f5f5f5f5f5f60c0898b031215613e82575f5ffd5b613e8b89613dd3565b9750613e9960208a01613e0f565b965060408901359550606089013567ffffffffffffffff811115613ebb575f5ffd5b613ec78b828c01613e26565b9096509450506080890135925060a089013567ffffffffffffffff811115613eed575f5ffd5b613ef98b828c01613e26565b999c989b5096995094979396929594505050565b5f5f60408385031215613f1e575f5ffd5b613f2783613dd3565b946020939093013593505050565b5f60c083017fffffffffffffffff00000000000000000000000000000000000000000000000083511684526020830151602085015261ffff604084015116604085015261ffff606084015116606085015260808301511515608085015260a083015160c060a086015281815180845260e0870191506020830193505f92505b80831015613fd75783518252602082019150602084019350600183019250613fb4565b5095945050505050565b5f8151808452602084019350602083015f5b8281101561405157815173ffffffffffffffffffffffffffffffffffffffff815116875264ffffffffff602082015116602088015264ffffffffff604082015116604088015250606086019550602082019150600181019050613ff3565b5093949350505050565b73ffffffffffffffffffffffffffffffffffffffff81511682525f602082015161409560208501826bffffffffffffffffffffffff169052565b5060408201516140ae604085018264ffffffffff169052565b5060608201516140c7606085018264ffffffffff169052565b5060808201516140dd608085018261ffff169052565b5060a08201516140f560a085018263ffffffff169052565b5060c082015161010060c0850152614111610100850182613f35565b905060e083015184820360e086015261412a8282613fe1565b95945050505050565b602081525f6112a2602083018461405b565b803563ffffffff81168114612b10575f5ffd5b5f60208284031215614168575f5ffd5b6112a282614145565b5f5f60408385031215614182575f5ffd5b50508035926020909101359150565b5f602082016020835280845180835260408501915060408160051b8601019250602086015f5b82811015614206577fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc08786030184526141f185835161405b565b945060209384019391909101906001016141b7565b50929695505050505050565b80356bffffffffffffffffffffffff81168114612b10575f5ffd5b5f60c0828403121561423d575f5ffd5b50919050565b5f6080828403121561423d575f5ffd5b5f60a0828403121561423d575f5ffd5b5f5f5f5f5f5f5f5f5f6101808a8c03121561427c575f5ffd5b6142858a613dd3565b985061429360208b01614212565b97506142a160408b01613dd3565b965060608a013567ffffffffffffffff8111156142bc575f5ffd5b6142c88c828d01613e26565b90975095505060808a013567ffffffffffffffff8111156142e7575f5ffd5b6142f38c828d0161422d565b94505060a08a0135925060c08a013567ffffffffffffffff811115614316575f5ffd5b6143228c828d01614243565b9250506143328b60e08c01614253565b90509295985092959850929598565b5f5f5f5f6101008587031215614355575f5ffd5b61435e85613dd3565b935060208501359250604085013567ffffffffffffffff811115614380575f5ffd5b61438c87828801614243565b92505061439c8660608701614253565b905092959194509250565b5f5f5f5f5f5f61012087890312156143bd575f5ffd5b6143c687614212565b95506143d460208801613dd3565b9450604087013567ffffffffffffffff8111156143ef575f5ffd5b6143fb89828a01613e26565b909550935050606087013567ffffffffffffffff81111561441a575f5ffd5b61442689828a0161422d565b9250506144368860808901614253565b90509295509295509295565b5f5f5f5f5f6101208688031215614457575f5ffd5b61446086613dd3565b9450602086013567ffffffffffffffff81111561447b575f5ffd5b6144878882890161422d565b94505060408601359250606086013567ffffffffffffffff8111156144aa575f5ffd5b6144b688828901614243565b9250506144c68760808801614253565b90509295509295909350565b5f602082840312156144e2575f5ffd5b813567ffffffffffffffff8111156144f8575f5ffd5b611ae88482850161422d565b5f5f5f5f5f6101208688031215614519575f5ffd5b61452286613dd3565b945061453060208701614145565b935060408601359250606086013567ffffffffffffffff8111156144aa575f5ffd5b5f5f5f60608486031215614564575f5ffd5b61456d84613dd3565b925061457b60208501613e0f565b929592945050506040919091013590565b5f81518084528060208401602086015e5f6020828601015260207fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f83011685010191505092915050565b7fff000000000000000000000000000000000000000000000000000000000000008816815260e060208201525f61461260e083018961458c565b8281036040840152614624818961458c565b6060840188905273ffffffffffffffffffffffffffffffffffffffff8716608085015260a0840186905283810360c0850152845180825260208087019350909101905f5b81811015614686578351835260209384019390920191600101614668565b50909b9a5050505050505050505050565b5f5f602083850312156146a8575f5ffd5b823567ffffffffffffffff8111156146be575f5ffd5b8301601f810185136146ce575f5ffd5b803567ffffffffffffffff8111156146e4575f5ffd5b8560208260051b84010111156146f8575f5ffd5b6020919091019590945092505050565b5f602082016020835280845180835260408501915060408160051b8601019250602086015f5b82811015614206577fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc087860301845261476885835161458c565b9450602093840193919091019060010161472e565b5f5f5f5f5f5f5f610140888a031215614794575f5ffd5b61479d88613dd3565b96506147ab60208901613dd3565b9550604088013567ffffffffffffffff8111156147c6575f5ffd5b6147d28a828b01613e26565b90965094505060608801359250608088013567ffffffffffffffff8111156147f8575f5ffd5b6148048a828b01614243565b9250506148148960a08a01614253565b905092959891949750929550565b5f5f5f5f5f60a08688031215614836575f5ffd5b61483f86613dd3565b945061484d60208701613dd3565b93506040860135925060608601359150608086013567ffffffffffffffff811115614876575f5ffd5b61488288828901614243565b9150509295509295909350565b5f6020828403121561489f575f5ffd5b5035919050565b5f5f5f5f5f608086880312156148ba575f5ffd5b6148c386614212565b94506148d160208701613dd3565b9350604086013567ffffffffffffffff8111156148ec575f5ffd5b6148f888828901613e26565b909450925050606086013567ffffffffffffffff811115614917575f5ffd5b6148828882890161422d565b5f5f5f60408486031215614935575f5ffd5b61493e84613dd3565b9250602084013567ffffffffffffffff811115614959575f5ffd5b61496586828701613e26565b9497909650939450505050565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52602160045260245ffd5b7f4e487b71000000000000000000000000000000000000000000000000000000005f52601160045260245ffd5b80820281158282048414176106a7576106a761499f565b5f82614a16577f4e487b71000000000000000000000000000000000000000000000000000000005f52601260045260245ffd5b500490565b61ffff81811683821601908111156106a7576106a761499f565b6bffffffffffffffffffffffff82811682821603908111156106a7576106a761499f565b808201808211156106a7576106a761499f565b818103818111156106a7576106a761499f565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b7f4e487b71000000000000000000000000000000000000000000000000000000005f52603260045260245ffd5b5f5f83357fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe1843603018112614b0c575f5ffd5b83018035915067ffffffffffffffff821115614b26575f5ffd5b602001915036819003821315613e64575f5ffd5b828482375f8382015f815283518060208601835e5f910190815295945050505050565b64ffffffffff81811683821601908111156106a7576106a761499f565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52603160045260245ffd5b80357fffffffffffffffff00000000000000000000000000000000000000000000000081168114612b10575f5ffd5b5f60208284031215614be6575f5ffd5b6112a282614ba7565b803561ffff81168114612b10575f5ffd5b5f60208284031215614c10575f5ffd5b6112a282614bef565b80358015158114612b10575f5ffd5b5f60208284031215614c38575f5ffd5b6112a282614c19565b5f5f83357fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe1843603018112614c74575f5ffd5b83018035915067ffffffffffffffff821115614c8e575f5ffd5b6020019150600581901b3603821315613e64575f5ffd5b5f7f07ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff831115614cd2575f5ffd5b8260051b80858437919091019392505050565b8183525f7f07ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff831115614d15575f5ffd5b8260051b80836020870137939093016020019392505050565b7fffffffffffffffff000000000000000000000000000000000000000000000000614d5882614ba7565b168252602081810135908301525f61ffff614d7560408401614bef565b16604084015261ffff614d8a60608401614bef565b166060840152614d9c60808301614c19565b1515608084015260a08201357fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe1833603018112614dd7575f5ffd5b820160208101903567ffffffffffffffff811115614df3575f5ffd5b8060051b3603821315614e04575f5ffd5b60c060a086015261412a60c086018284614ce5565b6bffffffffffffffffffffffff83168152604060208201525f61129f6040830184614d2e565b5f60208284031215614e4f575f5ffd5b813560ff811681146112a2575f5ffd5b602081525f6112a26020830184614d2e565b5f60208284031215614e81575f5ffd5b5051919050565b67ffffffffffffffff831115614ea057614ea0614a7f565b68010000000000000000831115614eb957614eb9614a7f565b805483825580841015614eed57815f528360205f20018482035f5b81811015614ee9575f83820155600101614ed4565b5050505b505f8181526020812083915b858110156110a557823582820155602090920191600101614ef956fea164736f6c6343000825000a' as const
