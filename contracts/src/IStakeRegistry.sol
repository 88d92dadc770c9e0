// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedger, Permit, Authorization} from "./ILedger.sol";

/// What a provider says about itself. Never an address: those stand in signed offers that expire.
struct Profile {
    bytes8 region; // ASCII, left-aligned: "DE", "US-CA"
    bytes32 contactHash; // keccak256 of the signed contact record
    uint16 protocolMin; // lowest and highest protocol version spoken
    uint16 protocolMax;
    bool active; // takes new sessions
    bytes32[] relayIds; // at most MAX_RELAYS, see docs/protocol/contracts.md
}

/// A secp256k1 node key. Keys are append-only; the key id is the position.
struct NodeKey {
    address key;
    uint40 addedAt; // Unix seconds
    uint40 retiredAt; // 0: in use; slashable until `retiredAt + UNBONDING`
}

/// A provider as read by discovery.
struct ProviderView {
    address owner;
    uint96 stake;
    uint40 unbondsAt; // 0: not unbonding
    uint40 registeredAt;
    uint16 slashCount; // how often this owner was slashed, for ever
    uint32 firstLiveKey; // keys below this id were released by a finished unbonding or a slash
    Profile profile;
    NodeKey[] keys;
}

/// @title Who provides: stake, node keys, region, relays; and the penalty for provable lies
/// @notice EIP-712 domain `{name: "Adit Stake Registry", version: "1", chainId, verifyingContract}`. A node signs
/// `Offer(address provider,uint64 sequence,bytes32 contentHash)` for each offer that it publishes, and
/// `KeyBinding(address provider)` once, so that nobody registers another's key. Two offers of one key with one sequence
/// and different content are slashable: the reporter gets 10 %, 90 % stay locked in this contract for ever (`burned()`;
/// no transfer, so no frozen address can block a slash).
interface IStakeRegistry is ILedger {
    event ProviderRegistered(address indexed owner, bytes8 indexed region, uint96 stake, Profile profile);
    event ProviderUpdated(address indexed owner, bytes8 indexed region, Profile profile);
    event KeyAdded(address indexed owner, address indexed key, uint32 keyId);
    event KeyRetired(address indexed owner, address indexed key, uint32 keyId, uint40 retiredAt);
    event UnbondingStarted(address indexed owner, uint40 unbondsAt);
    event StakeReleased(address indexed owner, uint96 stake);
    event Slashed(
        address indexed owner, address indexed key, address indexed reporter, uint64 sequence, uint96 reward, uint96 burned
    );

    error AlreadyRegistered(address owner);
    error NotRegistered(address owner);
    error StakeBelowMinimum(uint256 stake, uint256 minimum);
    error InvalidRegion();
    error InvalidProtocolRange(uint16 protocolMin, uint16 protocolMax);
    error TooManyRelays(uint256 count, uint256 maximum);
    error TooManyKeys(uint256 count, uint256 maximum);
    error KeyInUse(address key);
    error NoSuchKey(address owner, uint32 keyId);
    error KeyAlreadyRetired(uint32 keyId);
    error InvalidKeyBinding(address key);
    error Unbonding(uint256 unbondsAt);
    error NotUnbonding(address owner);
    error UnbondingNotDue(uint256 unbondsAt);
    error SameContent();
    error InvalidOfferSignature();
    /// Not a key of this provider, or one released by unbonding or retired longer ago than the unbonding time.
    error KeyNotSlashable(address key);

    /// @notice Stakes the caller's tokens and enters the list. `binding` is the node key's signature of
    /// `KeyBinding(address provider)` over the caller.
    function register(uint96 stake, address key, bytes calldata binding, Profile calldata profile) external;

    /// @notice `register` with the allowance by permit.
    function registerWithPermit(
        uint96 stake,
        address key,
        bytes calldata binding,
        Profile calldata profile,
        Permit calldata permit
    ) external;

    /// @notice `register` signed by `owner`, paid from its internal balance first, then from its tokens. Signed type:
    /// `Register(address owner,uint256 stake,address key,Profile profile,uint256 maxTip,uint256 nonce,uint256 deadline)Profile(bytes8 region,bytes32 contactHash,uint16 protocolMin,uint16 protocolMax,bool active,bytes32[] relayIds)`.
    function registerFor(
        address owner,
        uint96 stake,
        address key,
        bytes calldata binding,
        Profile calldata profile,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external;

    /// @notice Replaces the profile. While unbonding, `active` must be false.
    function update(Profile calldata profile) external;

    /// Signed type: `Update(address owner,Profile profile,uint256 maxTip,uint256 nonce,uint256 deadline)Profile(...)`.
    function updateFor(
        address owner,
        Profile calldata profile,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external;

    /// @notice Appends a node key; older keys stay in use until retired.
    function addKey(address key, bytes calldata binding) external returns (uint32 keyId);

    /// Signed type: `AddKey(address owner,address key,uint256 maxTip,uint256 nonce,uint256 deadline)`.
    function addKeyFor(
        address owner,
        address key,
        bytes calldata binding,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external returns (uint32 keyId);

    /// @notice Takes a key out of use. It stays slashable for `UNBONDING`.
    function retireKey(uint32 keyId) external;

    /// Signed type: `RetireKey(address owner,uint32 keyId,uint256 maxTip,uint256 nonce,uint256 deadline)`.
    function retireKeyFor(
        address owner,
        uint32 keyId,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external;

    /// @notice Leaves the market; the stake is free after `UNBONDING` and slashable until it is withdrawn.
    function startUnbonding() external;

    /// Signed type: `StartUnbonding(address owner,uint256 maxTip,uint256 nonce,uint256 deadline)`.
    function startUnbondingFor(
        address owner,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external;

    /// @notice Credits the unbonded stake to the owner's internal balance (then `withdraw`). Anyone may call.
    function withdrawStake(address owner) external;

    /// @notice Two signatures by one key of `provider` over one `sequence` with different content: the whole stake goes,
    /// 10 % to the caller's internal balance. Works while unbonding and for retired keys.
    function slashEquivocation(
        address provider,
        uint64 sequence,
        bytes32 contentA,
        bytes calldata signatureA,
        bytes32 contentB,
        bytes calldata signatureB
    ) external;

    function minimumStake() external view returns (uint96);
    function burned() external view returns (uint256);
    function providerCount() external view returns (uint256);
    /// @notice A page of the providers with stake. Read all pages at one block: a removal moves the last one.
    function providersPage(uint256 offset, uint256 limit) external view returns (ProviderView[] memory);
    /// @notice All zero for an unknown owner.
    function providerOf(address owner) external view returns (ProviderView memory);
    /// @notice The owner and key id of a node key; owner 0 if nobody registered it.
    function ownerOfKey(address key) external view returns (address owner, uint32 keyId);
    function isSlashable(address key) external view returns (bool);
    function offerDigest(address provider, uint64 sequence, bytes32 contentHash) external view returns (bytes32);
    function bindingDigest(address provider) external view returns (bytes32);
}
