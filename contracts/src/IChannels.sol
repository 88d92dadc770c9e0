// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Draft of the interface that the TypeScript side codes against; natspec stands in the final one.
type ChannelId is bytes32;

struct Channel {
    address payer;
    uint96 deposit;
    address signer;
    uint96 claimed;
    address provider;
    uint40 closeAt; // 0: not closing
    uint40 expiry;
    uint16 feeBps;
}

struct Voucher {
    ChannelId channel;
    uint256 amount;
    bytes32 reading;
    bytes signature;
}

struct Permit {
    uint256 value;
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

interface IChannels {
    event ChannelOpened(ChannelId indexed channel, address indexed payer, address indexed provider, address signer, uint96 deposit, uint40 expiry, uint16 feeBps);
    event ChannelToppedUp(ChannelId indexed channel, uint96 added, uint96 deposit);
    event Claimed(ChannelId indexed channel, address indexed provider, uint96 amount, uint96 fee, bytes32 reading);
    event CloseStarted(ChannelId indexed channel, uint40 closeAt);
    event ChannelClosed(ChannelId indexed channel, uint96 paid, uint96 refund);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    event TipPaid(address indexed from, address indexed submitter, uint256 tip);

    function open(address provider, address signer, uint96 deposit, bytes32 salt) external returns (ChannelId);
    function openWithPermit(address provider, address signer, uint96 deposit, bytes32 salt, Permit calldata permit) external returns (ChannelId);
    function topUp(ChannelId channel, uint96 added) external;
    function claim(Voucher calldata voucher) external;
    function claimMany(Voucher[] calldata vouchers) external;
    function cooperativeClose(ChannelId channel, uint96 amount, bytes calldata signerSignature, bytes calldata providerSignature) external;
    function startClose(ChannelId channel) external;
    function finishClose(ChannelId channel) external;
    function withdraw(address to, uint256 amount) external;
    // and openFor, topUpFor, startCloseFor, withdrawFor: signed actions with a tip for the submitter
    function channels(ChannelId channel) external view returns (Channel memory);
    function balanceOf(address account) external view returns (uint256);
    function channelIdOf(address payer, address provider, address signer, bytes32 salt) external view returns (ChannelId);
}
