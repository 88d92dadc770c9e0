// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestDollar} from "../../src/TestDollar.sol";
import {Channels} from "../../src/Channels.sol";
import {StakeRegistry} from "../../src/StakeRegistry.sol";
import {Permit, Authorization} from "../../src/ILedger.sol";
import {ChannelId, Channel, Voucher, OpenRequest} from "../../src/IChannels.sol";
import {Profile} from "../../src/IStakeRegistry.sol";
import {vm} from "./Vm.sol";

/// One token, both contracts, and people with keys.
abstract contract Fixture {
    uint96 internal constant USD = 1e6;
    uint96 internal constant MINIMUM_DEPOSIT = 250_000;
    uint96 internal constant MINIMUM_STAKE = 10 * USD;
    uint16 internal constant FEE_BPS = 300;

    uint256 internal constant PAYER_KEY = 0xA11CE;
    uint256 internal constant PROVIDER_KEY = 0xB0B;
    uint256 internal constant SIGNER_KEY = 0x516;
    uint256 internal constant NODE_KEY = 0x40DE;
    uint256 internal constant OTHER_NODE_KEY = 0x40DF;
    uint256 internal constant STRANGER_KEY = 0x57A;

    address internal payer = vm.addr(PAYER_KEY);
    address internal provider = vm.addr(PROVIDER_KEY);
    address internal signer = vm.addr(SIGNER_KEY);
    address internal node = vm.addr(NODE_KEY);
    address internal otherNode = vm.addr(OTHER_NODE_KEY);
    address internal stranger = vm.addr(STRANGER_KEY);
    address internal feeAccount = address(0xFEE);

    TestDollar internal dollar;
    Channels internal channels;
    StakeRegistry internal registry;

    function setUp() public virtual {
        dollar = new TestDollar();
        channels = new Channels(address(dollar), feeAccount, MINIMUM_DEPOSIT, FEE_BPS);
        registry = new StakeRegistry(address(dollar), MINIMUM_STAKE);
        address[3] memory people = [payer, provider, stranger];
        for (uint256 index = 0; index < people.length; ++index) {
            dollar.mint(people[index], 1_000_000 * USD);
            vm.prank(people[index]);
            dollar.approve(address(channels), type(uint256).max);
            vm.prank(people[index]);
            dollar.approve(address(registry), type(uint256).max);
        }
    }

    function openChannel(uint96 deposit) internal returns (ChannelId) {
        return openChannel(deposit, bytes32(uint256(1)));
    }

    function openChannel(uint96 deposit, bytes32 salt) internal returns (ChannelId) {
        vm.prank(payer);
        return channels.open(provider, signer, deposit, salt);
    }

    function voucherOf(ChannelId channel, uint256 amount) internal view returns (Voucher memory) {
        return voucherBy(SIGNER_KEY, channel, amount);
    }

    function voucherBy(uint256 key, ChannelId channel, uint256 amount) internal view returns (Voucher memory) {
        bytes32 reading = keccak256(abi.encode("reading", amount));
        (bytes32 r, bytes32 vs) = compact(signed(key, channels.voucherDigest(channel, amount, reading)));
        return Voucher({channel: channel, amount: amount, reading: reading, r: r, vs: vs});
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function compact(bytes memory signature) internal pure returns (bytes32 r, bytes32 vs) {
        bytes32 s;
        uint8 v;
        (r, s, v) = split(signature);
        vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
    }

    /// The other signature of the same message: (r, n - s, flipped v).
    function malleated(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        bytes32 flipped = bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(s));
        return abi.encodePacked(r, flipped, v == 27 ? uint8(28) : uint8(27));
    }

    function split(bytes memory signature) internal pure returns (bytes32 r, bytes32 s, uint8 v) {
        bytes memory rest = new bytes(32);
        for (uint256 index = 0; index < 32; ++index) rest[index] = signature[index];
        r = bytes32(rest);
        for (uint256 index = 0; index < 32; ++index) rest[index] = signature[32 + index];
        s = bytes32(rest);
        v = uint8(signature[64]);
    }

    /// An EIP-712 digest put together by hand, so that the contract's own encoding is checked against it.
    function digestFor(address verifier, string memory name, uint256 chainId, bytes32 structHash)
        internal
        pure
        returns (bytes32)
    {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                chainId,
                verifier
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    function channelsDigest(bytes32 structHash) internal view returns (bytes32) {
        return digestFor(address(channels), "Adit Channels", block.chainid, structHash);
    }

    function registryDigest(bytes32 structHash) internal view returns (bytes32) {
        return digestFor(address(registry), "Adit Stake Registry", block.chainid, structHash);
    }

    function noPermit() internal pure returns (Permit memory permit) {}

    function permitBy(uint256 key, address spender, uint256 value) internal view returns (Permit memory) {
        address owner = vm.addr(key);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                owner,
                spender,
                value,
                dollar.nonces(owner),
                block.timestamp + 1 hours
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", dollar.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return Permit({value: value, deadline: block.timestamp + 1 hours, v: v, r: r, s: s});
    }

    function openAuthorization(uint256 key, OpenRequest memory request, uint256 maxTip, uint256 nonce)
        internal
        view
        returns (Authorization memory)
    {
        uint256 deadline = block.timestamp + 1 hours;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Open(address payer,address provider,address signer,uint256 deposit,bytes32 salt,uint256 maxTip,uint256 nonce,uint256 deadline)"
                ),
                request.payer,
                request.provider,
                request.signer,
                uint256(request.deposit),
                request.salt,
                maxTip,
                nonce,
                deadline
            )
        );
        return Authorization(maxTip, nonce, deadline, signed(key, channelsDigest(structHash)));
    }

    function topUpAuthorization(uint256 key, ChannelId channel, uint96 added, uint256 maxTip, uint256 nonce)
        internal
        view
        returns (Authorization memory)
    {
        uint256 deadline = block.timestamp + 1 hours;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("TopUp(address from,bytes32 channel,uint256 added,uint256 maxTip,uint256 nonce,uint256 deadline)"),
                vm.addr(key),
                channel,
                uint256(added),
                maxTip,
                nonce,
                deadline
            )
        );
        return Authorization(maxTip, nonce, deadline, signed(key, channelsDigest(structHash)));
    }

    function startCloseAuthorization(uint256 key, ChannelId channel, uint256 maxTip, uint256 nonce)
        internal
        view
        returns (Authorization memory)
    {
        uint256 deadline = block.timestamp + 1 hours;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("StartClose(bytes32 channel,uint256 maxTip,uint256 nonce,uint256 deadline)"),
                channel,
                maxTip,
                nonce,
                deadline
            )
        );
        return Authorization(maxTip, nonce, deadline, signed(key, channelsDigest(structHash)));
    }

    function withdrawAuthorization(uint256 key, address to, uint256 amount, uint256 maxTip, uint256 nonce)
        internal
        view
        returns (Authorization memory)
    {
        uint256 deadline = block.timestamp + 1 hours;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Withdraw(address account,address to,uint256 amount,uint256 maxTip,uint256 nonce,uint256 deadline)"
                ),
                vm.addr(key),
                to,
                amount,
                maxTip,
                nonce,
                deadline
            )
        );
        return Authorization(maxTip, nonce, deadline, signed(key, channelsDigest(structHash)));
    }

    function profileOf(bytes8 region) internal pure returns (Profile memory profile) {
        profile.region = region;
        profile.contactHash = keccak256("contact");
        profile.protocolMin = 1;
        profile.protocolMax = 1;
        profile.active = true;
        profile.relayIds = new bytes32[](1);
        profile.relayIds[0] = keccak256("relay");
    }

    function registerProvider() internal {
        bytes memory binding = signed(NODE_KEY, registry.bindingDigest(provider));
        vm.prank(provider);
        registry.register(MINIMUM_STAKE, node, binding, profileOf("DE"));
    }

    function offerBy(uint256 key, address owner, uint64 sequence, bytes32 content)
        internal
        view
        returns (bytes memory)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Offer(address provider,uint64 sequence,bytes32 contentHash)"), owner, sequence, content
            )
        );
        return signed(key, registryDigest(structHash));
    }

    /// Two offers of one key with one sequence, reported by `reporter`.
    function equivocate(address reporter, uint256 key, address owner, uint64 sequence) internal {
        bytes memory first = offerBy(key, owner, sequence, "a");
        bytes memory second = offerBy(key, owner, sequence, "b");
        vm.prank(reporter);
        registry.slashEquivocation(owner, sequence, "a", first, "b", second);
    }
}
