// Generated from contracts/src/Channels.sol by script/contracts build.
export const channelsAbi = [
 {
  "type": "constructor",
  "inputs": [
   {
    "name": "token_",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "feeAccount_",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "minimumDeposit_",
    "type": "uint96",
    "internalType": "uint96"
   },
   {
    "name": "feeBps_",
    "type": "uint16",
    "internalType": "uint16"
   }
  ],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "CLOSE_WINDOW",
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
  "name": "EXPIRY",
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
  "name": "MAX_FEE_BPS",
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
  "name": "SKIP_NOTHING_TO_CLAIM",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint8",
    "internalType": "uint8"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "SKIP_NO_CHANNEL",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint8",
    "internalType": "uint8"
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "SKIP_SIGNATURE",
  "inputs": [],
  "outputs": [
   {
    "name": "",
    "type": "uint8",
    "internalType": "uint8"
   }
  ],
  "stateMutability": "view"
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
  "name": "channelIdOf",
  "inputs": [
   {
    "name": "payer",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "provider",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "signer",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "salt",
    "type": "bytes32",
    "internalType": "bytes32"
   }
  ],
  "outputs": [
   {
    "name": "",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ],
  "stateMutability": "pure"
 },
 {
  "type": "function",
  "name": "channels",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ],
  "outputs": [
   {
    "name": "",
    "type": "tuple",
    "internalType": "struct Channel",
    "components": [
     {
      "name": "payer",
      "type": "address",
      "internalType": "address"
     },
     {
      "name": "deposit",
      "type": "uint96",
      "internalType": "uint96"
     },
     {
      "name": "signer",
      "type": "address",
      "internalType": "address"
     },
     {
      "name": "claimed",
      "type": "uint96",
      "internalType": "uint96"
     },
     {
      "name": "provider",
      "type": "address",
      "internalType": "address"
     },
     {
      "name": "closeAt",
      "type": "uint40",
      "internalType": "uint40"
     },
     {
      "name": "expiry",
      "type": "uint40",
      "internalType": "uint40"
     },
     {
      "name": "feeBps",
      "type": "uint16",
      "internalType": "uint16"
     }
    ]
   }
  ],
  "stateMutability": "view"
 },
 {
  "type": "function",
  "name": "claim",
  "inputs": [
   {
    "name": "voucher",
    "type": "tuple",
    "internalType": "struct Voucher",
    "components": [
     {
      "name": "channel",
      "type": "bytes32",
      "internalType": "ChannelId"
     },
     {
      "name": "amount",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "reading",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "r",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "vs",
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
  "name": "claimMany",
  "inputs": [
   {
    "name": "vouchers",
    "type": "tuple[]",
    "internalType": "struct Voucher[]",
    "components": [
     {
      "name": "channel",
      "type": "bytes32",
      "internalType": "ChannelId"
     },
     {
      "name": "amount",
      "type": "uint256",
      "internalType": "uint256"
     },
     {
      "name": "reading",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "r",
      "type": "bytes32",
      "internalType": "bytes32"
     },
     {
      "name": "vs",
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
  "name": "closeDigest",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   },
   {
    "name": "amount",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "deadline",
    "type": "uint256",
    "internalType": "uint256"
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
  "name": "cooperativeClose",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   },
   {
    "name": "amount",
    "type": "uint96",
    "internalType": "uint96"
   },
   {
    "name": "deadline",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "signerSignature",
    "type": "bytes",
    "internalType": "bytes"
   },
   {
    "name": "providerSignature",
    "type": "bytes",
    "internalType": "bytes"
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
  "name": "feeAccount",
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
  "name": "feeBps",
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
  "name": "finishClose",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "minimumDeposit",
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
  "name": "open",
  "inputs": [
   {
    "name": "provider",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "signer",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "deposit",
    "type": "uint96",
    "internalType": "uint96"
   },
   {
    "name": "salt",
    "type": "bytes32",
    "internalType": "bytes32"
   }
  ],
  "outputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "openFor",
  "inputs": [
   {
    "name": "request",
    "type": "tuple",
    "internalType": "struct OpenRequest",
    "components": [
     {
      "name": "payer",
      "type": "address",
      "internalType": "address"
     },
     {
      "name": "provider",
      "type": "address",
      "internalType": "address"
     },
     {
      "name": "signer",
      "type": "address",
      "internalType": "address"
     },
     {
      "name": "deposit",
      "type": "uint96",
      "internalType": "uint96"
     },
     {
      "name": "salt",
      "type": "bytes32",
      "internalType": "bytes32"
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
  "outputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "openWithPermit",
  "inputs": [
   {
    "name": "provider",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "signer",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "deposit",
    "type": "uint96",
    "internalType": "uint96"
   },
   {
    "name": "salt",
    "type": "bytes32",
    "internalType": "bytes32"
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
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ],
  "stateMutability": "nonpayable"
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
  "name": "setFeeBps",
  "inputs": [
   {
    "name": "feeBps_",
    "type": "uint16",
    "internalType": "uint16"
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "startClose",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "startCloseFor",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
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
  "name": "topUp",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   },
   {
    "name": "added",
    "type": "uint96",
    "internalType": "uint96"
   }
  ],
  "outputs": [],
  "stateMutability": "nonpayable"
 },
 {
  "type": "function",
  "name": "topUpFor",
  "inputs": [
   {
    "name": "from",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   },
   {
    "name": "added",
    "type": "uint96",
    "internalType": "uint96"
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
  "name": "voucherDigest",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   },
   {
    "name": "amount",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "reading",
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
  "type": "event",
  "name": "ChannelClosed",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "indexed": true,
    "internalType": "ChannelId"
   },
   {
    "name": "payer",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "provider",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "total",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "amount",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "fee",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "refund",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "ChannelOpened",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "indexed": true,
    "internalType": "ChannelId"
   },
   {
    "name": "payer",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "provider",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "signer",
    "type": "address",
    "indexed": false,
    "internalType": "address"
   },
   {
    "name": "deposit",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "expiry",
    "type": "uint40",
    "indexed": false,
    "internalType": "uint40"
   },
   {
    "name": "feeBps",
    "type": "uint16",
    "indexed": false,
    "internalType": "uint16"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "ChannelToppedUp",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "indexed": true,
    "internalType": "ChannelId"
   },
   {
    "name": "from",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "added",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "deposit",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "expiry",
    "type": "uint40",
    "indexed": false,
    "internalType": "uint40"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "Claimed",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "indexed": true,
    "internalType": "ChannelId"
   },
   {
    "name": "total",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "amount",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "fee",
    "type": "uint96",
    "indexed": false,
    "internalType": "uint96"
   },
   {
    "name": "reading",
    "type": "bytes32",
    "indexed": false,
    "internalType": "bytes32"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "CloseStarted",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "indexed": true,
    "internalType": "ChannelId"
   },
   {
    "name": "payer",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "provider",
    "type": "address",
    "indexed": true,
    "internalType": "address"
   },
   {
    "name": "closeAt",
    "type": "uint40",
    "indexed": false,
    "internalType": "uint40"
   }
  ],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "EIP712DomainChanged",
  "inputs": [],
  "anonymous": false
 },
 {
  "type": "event",
  "name": "FeeChanged",
  "inputs": [
   {
    "name": "feeBps",
    "type": "uint16",
    "indexed": false,
    "internalType": "uint16"
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
  "name": "VoucherSkipped",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "indexed": true,
    "internalType": "ChannelId"
   },
   {
    "name": "reason",
    "type": "uint8",
    "indexed": false,
    "internalType": "uint8"
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
  "name": "AlreadyClosing",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   },
   {
    "name": "closeAt",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "AmountBelowMinimum",
  "inputs": [
   {
    "name": "amount",
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
  "name": "AmountZero",
  "inputs": []
 },
 {
  "type": "error",
  "name": "ChannelExists",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ]
 },
 {
  "type": "error",
  "name": "CloseAmountOutOfRange",
  "inputs": [
   {
    "name": "amount",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "claimed",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "deposit",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
 },
 {
  "type": "error",
  "name": "CloseNotDue",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   },
   {
    "name": "dueAt",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
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
  "name": "ExpiredChannel",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   },
   {
    "name": "expiry",
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
  "name": "FeeAboveCap",
  "inputs": [
   {
    "name": "feeBps",
    "type": "uint256",
    "internalType": "uint256"
   },
   {
    "name": "cap",
    "type": "uint256",
    "internalType": "uint256"
   }
  ]
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
  "name": "InvalidProviderSignature",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ]
 },
 {
  "type": "error",
  "name": "InvalidShortString",
  "inputs": []
 },
 {
  "type": "error",
  "name": "InvalidSignerSignature",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ]
 },
 {
  "type": "error",
  "name": "InvalidVoucherSignature",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   }
  ]
 },
 {
  "type": "error",
  "name": "NoSuchChannel",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
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
  "name": "NotFeeAccount",
  "inputs": [
   {
    "name": "caller",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "NotPayer",
  "inputs": [
   {
    "name": "caller",
    "type": "address",
    "internalType": "address"
   },
   {
    "name": "payer",
    "type": "address",
    "internalType": "address"
   }
  ]
 },
 {
  "type": "error",
  "name": "NothingToClaim",
  "inputs": [
   {
    "name": "channel",
    "type": "bytes32",
    "internalType": "ChannelId"
   },
   {
    "name": "claimed",
    "type": "uint256",
    "internalType": "uint256"
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
  "name": "ZeroAddress",
  "inputs": []
 }
] as const

export const channelsBytecode =
  '0x6101c0604052348015610010575f5ffd5b506040516144a13803806144a183398101604081905261002f916102ad565b836040518060400160405280600d81526020016c41646974204368616e6e656c7360981b815250604051806040016040528060018152602001603160f81b81525061007f826101cd60201b60201c565b6101205261008c816101cd565b61014052815160208084019190912060e052815190820120610100524660a05261011860e05161010051604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201529081019290925260608201524660808201523060a08201525f9060c00160405160208183030381529060405280519060200120905090565b60805250503060c0526001600160a01b0381166101485760405163d92e233d60e01b815260040160405180910390fd5b6001600160a01b039081166101605283166101765760405163d92e233d60e01b815260040160405180910390fd5b816001600160601b03165f0361019f576040516365e52d5160e11b815260040160405180910390fd5b6001600160a01b038316610180526001600160601b0382166101a0526101c481610213565b50505050610370565b5f5f829050601f81511115610200578260405163305a27a960e01b81526004016101f79190610315565b60405180910390fd5b805161020b8261034a565b179392505050565b6101f461ffff8216111561024857604051630e2b357b60e31b815261ffff821660048201526101f460248201526044016101f7565b6004805461ffff191661ffff83169081179091556040519081527f931a978d852c1b6fa9dd97300fd89c773ff625b91f697b0911e943ba15f9e2439060200160405180910390a150565b80516001600160a01b03811681146102a8575f5ffd5b919050565b5f5f5f5f608085870312156102c0575f5ffd5b6102c985610292565b93506102d760208601610292565b60408601519093506001600160601b03811681146102f3575f5ffd5b606086015190925061ffff8116811461030a575f5ffd5b939692955090935050565b602081525f82518060208401528060208501604085015e5f604082850101526040601f19601f83011684010191505092915050565b8051602080830151919081101561036a575f198160200360031b1b821691505b50919050565b60805160a05160c05160e05161010051610120516101405161016051610180516101a0516140606104415f395f818161030a01528181611926015281816119a501528181611cb10152611d3901525f818161034e015281816106fd01528181610aad0152818161160601526128f101525f81816106c1015281816113d401528181611704015281816120e901528181612a1401528181612aae0152612b1d01525f6124dd01525f6124ad01525f61316801525f61314001525f61309b01525f6130c501525f6130ef01526140605ff3fe608060405234801561000f575f5ffd5b506004361061021b575f3560e01c806384b0196e11610123578063b16fe689116100b8578063d55be8c611610088578063daf0dfc11161006e578063daf0dfc114610699578063f3fef3a3146106ac578063fc0c546a146106bf575f5ffd5b8063d55be8c61461067d578063d798180314610686575f5ffd5b8063b16fe68914610631578063bce879ef14610644578063c9a1db2614610657578063cfdd7aea1461066a575f5ffd5b8063a5134ac7116100f3578063a5134ac714610585578063a8b34f74146105eb578063ab91e0da146105fe578063ac9650d814610611575f5ffd5b806384b0196e1461053157806393b1d6691461054c57806394a744c91461055f578063a19b6bdf14610572575f5ffd5b80634684b222116101b357806370a082311161018357806376cc1ece1161016957806376cc1ece146103c75780637a7ebd7b146103da578063845f311114610529575f5ffd5b806370a0823114610395578063769ed7b7146103b4575f5ffd5b80634684b222146102f357806356e7c321146102fb578063636bfbab1461030557806365e17c9d14610349575f5ffd5b80632ae9c600116101ee5780632ae9c600146102975780632e862a701461029f57806340e9646e146102b25780634530a2d7146102d3575f5ffd5b8063023b1fc91461021f5780630c9a2fc7146102345780631647795e1461025357806324a9d85314610276575b5f5ffd5b61023261022d3660046135a1565b6106e5565b005b61023c600181565b60405160ff90911681526020015b60405180910390f35b6102666102613660046135ec565b610767565b604051901515815260200161024a565b6004546102849061ffff1681565b60405161ffff909116815260200161024a565b610284600181565b6102326102ad366004613655565b6107ac565b6102c56102c03660046136d3565b61088c565b60405190815260200161024a565b6102dd6276a70081565b60405164ffffffffff909116815260200161024a565b61023c600281565b6102dd6203f48081565b61032c7f000000000000000000000000000000000000000000000000000000000000000081565b6040516bffffffffffffffffffffffff909116815260200161024a565b6103707f000000000000000000000000000000000000000000000000000000000000000081565b60405173ffffffffffffffffffffffffffffffffffffffff909116815260200161024a565b6102c56103a336600461372f565b60026020525f908152604090205481565b6102326103c2366004613748565b610940565b6102c56103d5366004613762565b610ade565b61051c6103e836600461378b565b60408051610100810182525f80825260208201819052918101829052606081018290526080810182905260a0810182905260c0810182905260e0810191909152505f90815260056020908152604091829020825161010081018452815473ffffffffffffffffffffffffffffffffffffffff808216835274010000000000000000000000000000000000000000918290046bffffffffffffffffffffffff90811695840195909552600184015480821696840196909652948190049093166060820152600290910154928316608082015290820464ffffffffff90811660a083015279010000000000000000000000000000000000000000000000000083041660c08201527e0100000000000000000000000000000000000000000000000000000000000090910461ffff1660e082015290565b60405161024a91906137a2565b61023c600381565b610539610b49565b60405161024a97969594939291906138d7565b61023261055a36600461378b565b610ba7565b61023261056d3660046139db565b610c40565b61023261058036600461378b565b610e49565b6102c5610593366004613a6d565b6040805173ffffffffffffffffffffffffffffffffffffffff958616602080830191909152948616818301529290941660608301526080808301919091528351808303909101815260a0909101909252815191012090565b6102c56105f9366004613ab5565b610f08565b6102c561060c366004613762565b610fb2565b61062461061f366004613aed565b610ffe565b60405161024a9190613b5e565b6102c561063f366004613bdf565b6110e4565b610232610652366004613c46565b611241565b610232610665366004613cb3565b61140b565b61023261067836600461378b565b6114a1565b6102846101f481565b610232610694366004613d07565b6114e3565b6102326106a7366004613d68565b61163a565b6102326106ba3660046135ec565b61166d565b7f0000000000000000000000000000000000000000000000000000000000000000610370565b3373ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000161461075b576040517f2f1fd4910000000000000000000000000000000000000000000000000000000081523360048201526024015b60405180910390fd5b61076481611734565b50565b73ffffffffffffffffffffffffffffffffffffffff82165f908152600360209081526040808320600885901c8452909152902054600160ff83161b1615155b92915050565b6107b46117e9565b604080517f4e4d3e86124b209ab8251e848cee6c946ee089f9f75ffeb26e9d6f53c188f82160208281019190915273ffffffffffffffffffffffffffffffffffffffff891682840152606082018890526bffffffffffffffffffffffff87166080830152843560a083015284013560c08201529083013560e082015261085790879061010001604051602081830303815290604052805190602001208585611820565b610862868686611924565b61087c86856bffffffffffffffffffffffff168584611b6d565b610884611c0d565b505050505050565b5f6108956117e9565b6109146040518060a001604052803373ffffffffffffffffffffffffffffffffffffffff1681526020018873ffffffffffffffffffffffffffffffffffffffff1681526020018773ffffffffffffffffffffffffffffffffffffffff168152602001866bffffffffffffffffffffffff16815260200185815250611c37565b905061092f33856bffffffffffffffffffffffff16846120cb565b610937611c0d565b95945050505050565b6109486117e9565b5f5f5f5f610955856121de565b9350935093509350600160ff168460ff16036109a0576040517f5feefd2a00000000000000000000000000000000000000000000000000000000815285356004820152602401610752565b7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe60ff8516016109ff576040517f692acc3d00000000000000000000000000000000000000000000000000000000815285356004820152602401610752565b7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd60ff851601610a9e5784355f81815260056020526040908190206001015490517fc8f224c000000000000000000000000000000000000000000000000000000000815260048101929092527401000000000000000000000000000000000000000090046bffffffffffffffffffffffff166024820152604401610752565b610aa8838361241c565b610ad27f00000000000000000000000000000000000000000000000000000000000000008261241c565b50505050610764611c0d565b604080517f98082fdeded378100aeadf79e41a90db572bca8e6d98affeb98013a1a31d4391602082015290810184905260608101839052608081018290525f90610b419060a0015b6040516020818303038152906040528051906020012061245f565b949350505050565b5f6060805f5f5f6060610b5a6124a6565b610b626124d6565b604080515f808252602082019092527f0f000000000000000000000000000000000000000000000000000000000000009b939a50919850469750309650945092509050565b610baf6117e9565b5f610bb982612501565b805190915073ffffffffffffffffffffffffffffffffffffffff163314610c2d5780516040517f2f081df300000000000000000000000000000000000000000000000000000000815233600482015273ffffffffffffffffffffffffffffffffffffffff9091166024820152604401610752565b610c378282612679565b50610764611c0d565b610c486117e9565b5f610c5288612501565b905085421115610c91576040517fbfb22adf00000000000000000000000000000000000000000000000000000000815260048101879052602401610752565b80606001516bffffffffffffffffffffffff16876bffffffffffffffffffffffff161080610cde575080602001516bffffffffffffffffffffffff16876bffffffffffffffffffffffff16115b15610d3f57606081015160208201516040517f97691c1e0000000000000000000000000000000000000000000000000000000081526bffffffffffffffffffffffff808b166004830152928316602482015291166044820152606401610752565b5f610d5989896bffffffffffffffffffffffff1689610ade565b9050610d6b826040015182888861279e565b610da4576040517f68e8d9a9000000000000000000000000000000000000000000000000000000008152600481018a9052602401610752565b816080015173ffffffffffffffffffffffffffffffffffffffff163373ffffffffffffffffffffffffffffffffffffffff1614158015610df15750610def826080015182868661279e565b155b15610e2b576040517fa8bd32ce000000000000000000000000000000000000000000000000000000008152600481018a9052602401610752565b610e3689838a612808565b5050610e40611c0d565b50505050505050565b610e516117e9565b5f610e5b82612501565b90505f8160a0015164ffffffffff165f14158015610e8e57508160c0015164ffffffffff168260a0015164ffffffffff16105b610e9c578160c00151610ea2565b8160a001515b64ffffffffff16905080421015610eef576040517fe519d1ea0000000000000000000000000000000000000000000000000000000081526004810184905260248101829052604401610752565b610efe83838460600151612808565b5050610764611c0d565b5f610f116117e9565b610f906040518060a001604052803373ffffffffffffffffffffffffffffffffffffffff1681526020018773ffffffffffffffffffffffffffffffffffffffff1681526020018673ffffffffffffffffffffffffffffffffffffffff168152602001856bffffffffffffffffffffffff16815260200184815250611c37565b9050610faa33846bffffffffffffffffffffffff166129e4565b610b41611c0d565b604080517f51d9f71946663021d685bb6f84f9966eda26de959e9bc8bc6bd68a884286fc6b602082015290810184905260608101839052608081018290525f90610b419060a001610b26565b604080515f8152602081019091526060908267ffffffffffffffff81111561102857611028613d92565b60405190808252806020026020018201604052801561105b57816020015b60608152602001906001900390816110465790505b5091505f5b838110156110dc576110b73086868481811061107e5761107e613dff565b90506020028101906110909190613e2c565b856040516020016110a393929190613e8d565b604051602081830303815290604052612bd5565b8382815181106110c9576110c9613dff565b6020908102919091010152600101611060565b505092915050565b5f6110ed6117e9565b6111f36110fd602087018761372f565b7f305296169e59eb9b2961a8150c2fceef1223d64d8ef58050d0194d19981c146c61112b602089018961372f565b61113b60408a0160208b0161372f565b61114b60608b0160408c0161372f565b61115b60808c0160608d01613eb0565b6040805160208181019790975273ffffffffffffffffffffffffffffffffffffffff958616818301529385166060850152939091166080838101919091526bffffffffffffffffffffffff9190911660a08301528a013560c0820152873560e082015291870135610100830152860135610120820152610140015b604051602081830303815290604052805190602001208686611820565b61120a61120536879003870187613ec9565b611c37565b9050610faa61121c602087018761372f565b61122c6080880160608901613eb0565b6bffffffffffffffffffffffff168685611b6d565b6112496117e9565b604080517fc450f5e9832a5b762536343260163f4e1623d0e2e0db989b51473ee40971a8b260208281019190915273ffffffffffffffffffffffffffffffffffffffff808916838501528716606083015260808201869052833560a083015283013560c08201529082013560e08201526112e090869061010001604051602081830303815290604052805190602001208484611820565b5f6112ec868686612cc1565b90508083111561134e576040517fdb42144d00000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff871660048201526024810182905260448101849052606401610752565b6113588684612e5a565b73ffffffffffffffffffffffffffffffffffffffff8086169087167fd1c19fbcd4551a5edfb66d43d2e337c04837afda3482b42bdf569a8fccdae5fb61139e8685613dec565b60405190815260200160405180910390a36113fb856113bd8584613dec565b73ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000169190612ed9565b50611404611c0d565b5050505050565b6114136117e9565b5f61141d85612501565b8051604080517f3cf30deec12d6819411c1eb4404b1ffe14621976d5ef46b4cad017d9c45d7b7a6020808301919091528183018a90528735606083015287013560808201529086013560a082015291925061147a9160c0016111d6565b6114848582612679565b8051611492905f8685611b6d565b5061149b611c0d565b50505050565b6114ab3382612f34565b60405181815233907f26ccf9904b9b2fb069d347553978928fd2fc65efb2638dcbeb8d142e974479f09060200160405180910390a250565b6114eb6117e9565b5f8080805b848110156115f6575f5f5f5f61151c8a8a8781811061151157611511613dff565b905060a002016121de565b93509350935093508360ff165f1461158b5789898681811061154057611540613dff565b60405160ff8816815260a09091029290920135917f3a5cd8c01c8eb0db406a1c2895e8a7af9a724eef36cb88ae981a186a1afacc50915060200160405180910390a2505050506115ee565b8773ffffffffffffffffffffffffffffffffffffffff168373ffffffffffffffffffffffffffffffffffffffff16146115d1576115c8888861241c565b9196505f955086915b6115db8288613f77565b96506115e78187613f77565b9550505050505b6001016114f0565b50611601838361241c565b61162b7f00000000000000000000000000000000000000000000000000000000000000008261241c565b505050611636611c0d565b5050565b6116426117e9565b61164d338383611924565b61166533826bffffffffffffffffffffffff166129e4565b611636611c0d565b6116756117e9565b5f611681338484612cc1565b90508273ffffffffffffffffffffffffffffffffffffffff163373ffffffffffffffffffffffffffffffffffffffff167fd1c19fbcd4551a5edfb66d43d2e337c04837afda3482b42bdf569a8fccdae5fb836040516116e291815260200190565b60405180910390a361172b73ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000168483612ed9565b50611636611c0d565b6101f461ffff82161115611782576040517f7159abd800000000000000000000000000000000000000000000000000000000815261ffff821660048201526101f46024820152604401610752565b600480547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff00001661ffff83169081179091556040519081527f931a978d852c1b6fa9dd97300fd89c773ff625b91f697b0911e943ba15f9e2439060200160405180910390a150565b6117f1613006565b61181e60017f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005b9061305f565b565b806040013542111561186457604080517fbfb22adf000000000000000000000000000000000000000000000000000000008152908201356004820152602401610752565b80358211156118a9576040517f6f4346710000000000000000000000000000000000000000000000000000000081526004810183905281356024820152604401610752565b6118c8846118b68561245f565b6118c36060850185613e2c565b61279e565b611916576040517fb548c0b000000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff85166004820152602401610752565b61149b848260200135612f34565b7f00000000000000000000000000000000000000000000000000000000000000006bffffffffffffffffffffffff16816bffffffffffffffffffffffff1610156119d2576040517f30196ade0000000000000000000000000000000000000000000000000000000081526bffffffffffffffffffffffff80831660048301527f0000000000000000000000000000000000000000000000000000000000000000166024820152604401610752565b5f6119dc83612501565b90508060c0015164ffffffffff164210611a375760c08101516040517e7f8d910000000000000000000000000000000000000000000000000000000081526004810185905264ffffffffff9091166024820152604401610752565b5f828260200151611a489190613f8a565b90505f611a53613066565b5f868152600560205260409081902080546bffffffffffffffffffffffff8616740100000000000000000000000000000000000000000273ffffffffffffffffffffffffffffffffffffffff9182161782556002909101805464ffffffffff8516790100000000000000000000000000000000000000000000000000027fffff0000000000ffffffffffffffffffffffffffffffffffffffffffffffffff909116179055905191925087169086907f588dd6767b11be470fda8f63981a571b27188b7ca91ae6d88bfa7b3319c418dd90611b5d908890879087906bffffffffffffffffffffffff938416815291909216602082015264ffffffffff91909116604082015260600190565b60405180910390a3505050505050565b5f611b788385613f77565b73ffffffffffffffffffffffffffffffffffffffff86165f90815260026020526040812054919250828210611bad5782611baf565b815b90508015611be757611bc18183613dec565b73ffffffffffffffffffffffffffffffffffffffff88165f908152600260205260409020555b611bf18786612e5a565b80831115610e4057610e4087611c078386613dec565b866120cb565b61181e5f7f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f00611818565b60208101515f9073ffffffffffffffffffffffffffffffffffffffff161580611c785750604082015173ffffffffffffffffffffffffffffffffffffffff16155b15611caf576040517fd92e233d00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b7f00000000000000000000000000000000000000000000000000000000000000006bffffffffffffffffffffffff1682606001516bffffffffffffffffffffffff161015611d685760608201516040517f30196ade0000000000000000000000000000000000000000000000000000000081526bffffffffffffffffffffffff91821660048201527f00000000000000000000000000000000000000000000000000000000000000009091166024820152604401610752565b8151602080840151604080860151608080880151835173ffffffffffffffffffffffffffffffffffffffff9788168188015294871685850152959091166060840152828101949094528051808303909401845260a0909101905281519101205f8181526005602052604090206002015490915073ffffffffffffffffffffffffffffffffffffffff1615611e2b576040517fa940c06000000000000000000000000000000000000000000000000000000000815260048101829052602401610752565b5f604051806101000160405280845f015173ffffffffffffffffffffffffffffffffffffffff16815260200184606001516bffffffffffffffffffffffff168152602001846040015173ffffffffffffffffffffffffffffffffffffffff1681526020015f6bffffffffffffffffffffffff168152602001846020015173ffffffffffffffffffffffffffffffffffffffff1681526020015f64ffffffffff168152602001611ed8613066565b64ffffffffff908116825260045461ffff9081166020938401525f868152600584526040908190208551948601516bffffffffffffffffffffffff8082167401000000000000000000000000000000000000000090810273ffffffffffffffffffffffffffffffffffffffff9889169081178555858a015160608b01519093168202838a1617600186015560808a01516002909501805460a08c015160c08d015160e08e01519a8b167e01000000000000000000000000000000000000000000000000000000000000027dffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff828e16790100000000000000000000000000000000000000000000000000021678ffffffffffffffffffffffffffffffffffffffffffffffffff93909d169096027fffffffffffffff0000000000000000000000000000000000000000000000000090931698909c169788179190911716989098179190911790965592519697509095939488947f8ceef85d3e9fe80e4faf72d383e60b3ea1993ef5bd0d9f42f2e55462cf9b6514946120bd9493929173ffffffffffffffffffffffffffffffffffffffff9490941684526bffffffffffffffffffffffff92909216602084015264ffffffffff16604083015261ffff16606082015260800190565b60405180910390a450919050565b8035156121cf5773ffffffffffffffffffffffffffffffffffffffff7f00000000000000000000000000000000000000000000000000000000000000001663d505accf8430843560208601356121276060880160408901613fae565b6040517fffffffff0000000000000000000000000000000000000000000000000000000060e088901b16815273ffffffffffffffffffffffffffffffffffffffff95861660048201529490931660248501526044840191909152606483015260ff166084820152606084013560a4820152608084013560c482015260e4015f604051808303815f87803b1580156121bc575f5ffd5b505af19250505080156121cd575060015b505b6121d983836129e4565b505050565b80355f8181526005602052604081206002810154919273ffffffffffffffffffffffffffffffffffffffff9092169183918291908415806122425750600281015474010000000000000000000000000000000000000000900464ffffffffff908116145b156122595750600194505f92508291506124159050565b600181015481546bffffffffffffffffffffffff74010000000000000000000000000000000000000000928390048116929091041660208901358111156122a1575060208801355b8181116122bc5750600396505f945084935061241592505050565b5f6122d0858b602001358c60400135610fb2565b60018501549091506123029073ffffffffffffffffffffffffffffffffffffffff168260608d013560808e0135613074565b61231b5750600297505f95508594506124159350505050565b60018401805473ffffffffffffffffffffffffffffffffffffffff16740100000000000000000000000000000000000000006bffffffffffffffffffffffff85160217905560028401546123a690849084907e01000000000000000000000000000000000000000000000000000000000000900461ffff166127109281028390049102919091040390565b604080516bffffffffffffffffffffffff8086168252868603818116602084015290841682840152918d0135606082015290829003985090965085907f6cb3b907c9f70914124ea1d711f0a15f93670e1d3334d2682c7c259ba6b225a89060800160405180910390a250505050505b9193509193565b80156116365773ffffffffffffffffffffffffffffffffffffffff82165f9081526002602052604081208054839290612456908490613f77565b90915550505050565b5f6107a661246b613082565b836040517f19010000000000000000000000000000000000000000000000000000000000008152600281019290925260228201526042902090565b60606124d17f00000000000000000000000000000000000000000000000000000000000000006131b8565b905090565b60606124d17f00000000000000000000000000000000000000000000000000000000000000006131b8565b60408051610100810182525f80825260208201819052918101829052606081018290526080810182905260a0810182905260c0810182905260e0810191909152505f81815260056020908152604091829020825161010081018452815473ffffffffffffffffffffffffffffffffffffffff808216835274010000000000000000000000000000000000000000918290046bffffffffffffffffffffffff90811695840195909552600184015480821696840196909652948190049093166060820152600290910154928316608082015290820464ffffffffff90811660a083015279010000000000000000000000000000000000000000000000000083041660c08201527e0100000000000000000000000000000000000000000000000000000000000090910461ffff1660e082015261263b816131f5565b612674576040517f5feefd2a00000000000000000000000000000000000000000000000000000000815260048101839052602401610752565b919050565b60a081015164ffffffffff16156126d25760a08101516040517f58059d730000000000000000000000000000000000000000000000000000000081526004810184905264ffffffffff9091166024820152604401610752565b5f6126e06203f48042613fce565b5f8481526005602090815260409182902060020180547fffffffffffffff0000000000ffffffffffffffffffffffffffffffffffffffff167401000000000000000000000000000000000000000064ffffffffff86169081029190911790915560808601518651935191825293945073ffffffffffffffffffffffffffffffffffffffff938416939092169186917f196328a5d42cfef16b218adaadea18ba6e7287fda88687f323b646d29beaf8b5910160405180910390a4505050565b5f5f5f6127ac86868661322e565b5090925090505f8160038111156127c5576127c5613feb565b1480156127fd57508673ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff16145b979650505050505050565b5f8183602001516128199190614018565b90505f83606001518361282c9190614018565b90505f61287085606001516bffffffffffffffffffffffff16856bffffffffffffffffffffffff168760e0015161ffff166127109281028390049102919091040390565b5f8781526005602052604081208181556001810191909155608087015173ffffffffffffffffffffffffffffffffffffffff811678ffffffffff0000000000000000000000000000000000000000176002909201919091559091506128ec906128d98385614018565b6bffffffffffffffffffffffff1661241c565b6129247f0000000000000000000000000000000000000000000000000000000000000000826bffffffffffffffffffffffff1661241c565b845161293e906bffffffffffffffffffffffff851661241c565b846080015173ffffffffffffffffffffffffffffffffffffffff16855f015173ffffffffffffffffffffffffffffffffffffffff16877f0f5a16f9a1259d61443a3eb04e416b6e3559d80b11b4229cfe849a7c62c47b73878686896040516129d494939291906bffffffffffffffffffffffff948516815292841660208401529083166040830152909116606082015260800190565b60405180910390a4505050505050565b6040517f70a082310000000000000000000000000000000000000000000000000000000081523060048201525f907f000000000000000000000000000000000000000000000000000000000000000073ffffffffffffffffffffffffffffffffffffffff16906370a0823190602401602060405180830381865afa158015612a6e573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190612a92919061403c565b9050612ad673ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016843085613275565b6040517f70a082310000000000000000000000000000000000000000000000000000000081523060048201525f90829073ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016906370a0823190602401602060405180830381865afa158015612b62573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190612b86919061403c565b612b909190613dec565b905082811461149b576040517fb6a9b6540000000000000000000000000000000000000000000000000000000081526004810184905260248101829052604401610752565b60605f612be284846132d1565b9050808015612c1057505f3d1180612c1057505f8473ffffffffffffffffffffffffffffffffffffffff163b115b15612c2557612c1d6132e4565b9150506107a6565b8015612c75576040517f9996b31500000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff85166004820152602401610752565b3d15612c8857612c836132fd565b612cba565b6040517fd6bda27500000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b5092915050565b5f73ffffffffffffffffffffffffffffffffffffffff83161580612cfa575073ffffffffffffffffffffffffffffffffffffffff831630145b15612d31576040517fd92e233d00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b73ffffffffffffffffffffffffffffffffffffffff84165f908152600260205260409020547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8314612d835782612d85565b805b9150815f03612dc0576040517fcbca5aa200000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b80821115612e20576040517fdb42144d00000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff861660048201526024810182905260448101839052606401610752565b612e2a8282613dec565b73ffffffffffffffffffffffffffffffffffffffff9095165f908152600260205260409020949094559392505050565b805f03612e65575050565b335f9081526002602052604081208054839290612e83908490613f77565b9091555050604051818152339073ffffffffffffffffffffffffffffffffffffffff8416907f831d39e1a8098c77f12b23d3b3c86d72e8870e341919d5c14c26633fb496c64d9060200160405180910390a35050565b612ee68383836001613308565b6121d9576040517f5274afe700000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff84166004820152602401610752565b73ffffffffffffffffffffffffffffffffffffffff82165f908152600360209081526040808320600885901c8452909152902054600160ff83161b9080821615612fc9576040517f2af71f1000000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff8516600482015260248101849052604401610752565b73ffffffffffffffffffffffffffffffffffffffff9093165f90815260036020908152604080832060089590951c83529390529190912091179055565b7f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005c1561181e576040517f3ee5aeb500000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b80825d5050565b5f6124d16276a70042613fce565b5f5f5f6127ac868686613390565b5f3073ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000161480156130e757507f000000000000000000000000000000000000000000000000000000000000000046145b1561311157507f000000000000000000000000000000000000000000000000000000000000000090565b6124d1604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201527f0000000000000000000000000000000000000000000000000000000000000000918101919091527f000000000000000000000000000000000000000000000000000000000000000060608201524660808201523060a08201525f9060c00160405160208183030381529060405280519060200120905090565b60605f6131c4836133db565b6040805160208082528183019092529192505f91906020820181803683375050509182525060208101929092525090565b60808101515f9073ffffffffffffffffffffffffffffffffffffffff16158015906107a657505060a0015164ffffffffff908116141590565b5f80806041849003613262578435602086013560408701355f1a6132548982858561341b565b95509550955050505061326c565b505f915060029050825b93509350939050565b61328384848484600161350e565b61149b576040517f5274afe700000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff85166004820152602401610752565b5f5f5f835160208501865af49392505050565b6040513d81523d5f602083013e3d602001810160405290565b6040513d5f823e3d81fd5b6040517fa9059cbb000000000000000000000000000000000000000000000000000000005f81815273ffffffffffffffffffffffffffffffffffffffff8616600452602485905291602083604481808b5af1925060015f51148316613384578383151615613378573d5f823e3d81fd5b5f873b113d1516831692505b60405250949350505050565b5f80807f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8416601b60ff86901c016133ca8882898561341b565b945094509450505093509350939050565b5f60ff8216601f8111156107a6576040517fb3512b0c00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b5f80807f7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a084111561345457505f91506003905082613504565b604080515f808252602082018084528a905260ff891692820192909252606081018790526080810186905260019060a0016020604051602081039080840390855afa1580156134a5573d5f5f3e3d5ffd5b50506040517fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0015191505073ffffffffffffffffffffffffffffffffffffffff81166134fb57505f925060019150829050613504565b92505f91508190505b9450945094915050565b6040517f23b872dd000000000000000000000000000000000000000000000000000000005f81815273ffffffffffffffffffffffffffffffffffffffff8781166004528616602452604485905291602083606481808c5af1925060015f51148316613590578383151615613584573d5f823e3d81fd5b5f883b113d1516831692505b604052505f60605295945050505050565b5f602082840312156135b1575f5ffd5b813561ffff811681146135c2575f5ffd5b9392505050565b803573ffffffffffffffffffffffffffffffffffffffff81168114612674575f5ffd5b5f5f604083850312156135fd575f5ffd5b613606836135c9565b946020939093013593505050565b80356bffffffffffffffffffffffff81168114612674575f5ffd5b5f6080828403121561363f575f5ffd5b50919050565b5f60a0828403121561363f575f5ffd5b5f5f5f5f5f5f610140878903121561366b575f5ffd5b613674876135c9565b95506020870135945061368960408801613614565b935060608701359250608087013567ffffffffffffffff8111156136ab575f5ffd5b6136b789828a0161362f565b9250506136c78860a08901613645565b90509295509295509295565b5f5f5f5f5f61012086880312156136e8575f5ffd5b6136f1866135c9565b94506136ff602087016135c9565b935061370d60408701613614565b9250606086013591506137238760808801613645565b90509295509295909350565b5f6020828403121561373f575f5ffd5b6135c2826135c9565b5f60a08284031215613758575f5ffd5b6135c28383613645565b5f5f5f60608486031215613774575f5ffd5b505081359360208301359350604090920135919050565b5f6020828403121561379b575f5ffd5b5035919050565b5f6101008201905073ffffffffffffffffffffffffffffffffffffffff83511682526bffffffffffffffffffffffff602084015116602083015273ffffffffffffffffffffffffffffffffffffffff6040840151166040830152606083015161381b60608401826bffffffffffffffffffffffff169052565b506080830151613843608084018273ffffffffffffffffffffffffffffffffffffffff169052565b5060a083015161385c60a084018264ffffffffff169052565b5060c083015161387560c084018264ffffffffff169052565b5060e0830151612cba60e084018261ffff169052565b5f81518084528060208401602086015e5f6020828601015260207fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f83011685010191505092915050565b7fff000000000000000000000000000000000000000000000000000000000000008816815260e060208201525f61391160e083018961388b565b8281036040840152613923818961388b565b6060840188905273ffffffffffffffffffffffffffffffffffffffff8716608085015260a0840186905283810360c0850152845180825260208087019350909101905f5b81811015613985578351835260209384019390920191600101613967565b50909b9a5050505050505050505050565b5f5f83601f8401126139a6575f5ffd5b50813567ffffffffffffffff8111156139bd575f5ffd5b6020830191508360208285010111156139d4575f5ffd5b9250929050565b5f5f5f5f5f5f5f60a0888a0312156139f1575f5ffd5b87359650613a0160208901613614565b955060408801359450606088013567ffffffffffffffff811115613a23575f5ffd5b613a2f8a828b01613996565b909550935050608088013567ffffffffffffffff811115613a4e575f5ffd5b613a5a8a828b01613996565b989b979a50959850939692959293505050565b5f5f5f5f60808587031215613a80575f5ffd5b613a89856135c9565b9350613a97602086016135c9565b9250613aa5604086016135c9565b9396929550929360600135925050565b5f5f5f5f60808587031215613ac8575f5ffd5b613ad1856135c9565b9350613adf602086016135c9565b9250613aa560408601613614565b5f5f60208385031215613afe575f5ffd5b823567ffffffffffffffff811115613b14575f5ffd5b8301601f81018513613b24575f5ffd5b803567ffffffffffffffff811115613b3a575f5ffd5b8560208260051b8401011115613b4e575f5ffd5b6020919091019590945092505050565b5f602082016020835280845180835260408501915060408160051b8601019250602086015f5b82811015613bd3577fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc0878603018452613bbe85835161388b565b94506020938401939190910190600101613b84565b50929695505050505050565b5f5f5f5f6101808587031215613bf3575f5ffd5b613bfd8686613645565b935060a0850135925060c085013567ffffffffffffffff811115613c1f575f5ffd5b613c2b8782880161362f565b925050613c3b8660e08701613645565b905092959194509250565b5f5f5f5f5f60a08688031215613c5a575f5ffd5b613c63866135c9565b9450613c71602087016135c9565b93506040860135925060608601359150608086013567ffffffffffffffff811115613c9a575f5ffd5b613ca68882890161362f565b9150509295509295909350565b5f5f5f5f6101008587031215613cc7575f5ffd5b8435935060208501359250604085013567ffffffffffffffff811115613ceb575f5ffd5b613cf78782880161362f565b925050613c3b8660608701613645565b5f5f60208385031215613d18575f5ffd5b823567ffffffffffffffff811115613d2e575f5ffd5b8301601f81018513613d3e575f5ffd5b803567ffffffffffffffff811115613d54575f5ffd5b85602060a083028401011115613b4e575f5ffd5b5f5f60408385031215613d79575f5ffd5b82359150613d8960208401613614565b90509250929050565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b7f4e487b71000000000000000000000000000000000000000000000000000000005f52601160045260245ffd5b818103818111156107a6576107a6613dbf565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52603260045260245ffd5b5f5f83357fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe1843603018112613e5f575f5ffd5b83018035915067ffffffffffffffff821115613e79575f5ffd5b6020019150368190038213156139d4575f5ffd5b828482375f8382015f815283518060208601835e5f910190815295945050505050565b5f60208284031215613ec0575f5ffd5b6135c282613614565b5f60a0828403128015613eda575f5ffd5b5060405160a0810167ffffffffffffffff81118282101715613f23577f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b604052613f2f836135c9565b8152613f3d602084016135c9565b6020820152613f4e604084016135c9565b6040820152613f5f60608401613614565b60608201526080928301359281019290925250919050565b808201808211156107a6576107a6613dbf565b6bffffffffffffffffffffffff81811683821601908111156107a6576107a6613dbf565b5f60208284031215613fbe575f5ffd5b813560ff811681146135c2575f5ffd5b64ffffffffff81811683821601908111156107a6576107a6613dbf565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52602160045260245ffd5b6bffffffffffffffffffffffff82811682821603908111156107a6576107a6613dbf565b5f6020828403121561404c575f5ffd5b505191905056fea164736f6c6343000825000a' as const
