// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Permit, Authorization} from "./ILedger.sol";
import {IStakeRegistry, Profile, NodeKey, ProviderView} from "./IStakeRegistry.sol";
import {Ledger} from "./Ledger.sol";

/// See `IStakeRegistry`. Each function stands in the order checks, effects, event, interaction.
contract StakeRegistry is IStakeRegistry, Ledger {
    /// Slots: (stake .. active), contactHash, (listPosition .. firstLiveKey), relayIds.
    struct Provider {
        uint96 stake; // 0: not registered
        bytes8 region;
        uint40 unbondsAt;
        uint16 protocolMin;
        uint16 protocolMax;
        bool active;
        bytes32 contactHash;
        uint32 listPosition; // position in `_owners`
        uint40 registeredAt;
        uint32 firstLiveKey;
        uint16 slashCount;
        bytes32[] relayIds;
    }

    struct KeyRef {
        address owner;
        uint32 keyId;
    }

    uint40 public constant UNBONDING = 14 days;
    uint256 public constant REPORTER_BPS = 1_000;
    uint256 public constant MAX_RELAYS = 8;
    /// Over the owner's whole life: keys are never removed, and a page of providers must stay readable.
    uint256 public constant MAX_KEYS = 256;

    bytes32 private constant OFFER_TYPEHASH =
        keccak256("Offer(address provider,uint64 sequence,bytes32 contentHash)");
    bytes32 private constant BINDING_TYPEHASH = keccak256("KeyBinding(address provider)");
    bytes32 private constant PROFILE_TYPEHASH = keccak256(
        "Profile(bytes8 region,bytes32 contactHash,uint16 protocolMin,uint16 protocolMax,bool active,bytes32[] relayIds)"
    );
    bytes32 private constant REGISTER_TYPEHASH = keccak256(
        "Register(address owner,uint256 stake,address key,Profile profile,uint256 maxTip,uint256 nonce,uint256 deadline)Profile(bytes8 region,bytes32 contactHash,uint16 protocolMin,uint16 protocolMax,bool active,bytes32[] relayIds)"
    );
    bytes32 private constant UPDATE_TYPEHASH = keccak256(
        "Update(address owner,Profile profile,uint256 maxTip,uint256 nonce,uint256 deadline)Profile(bytes8 region,bytes32 contactHash,uint16 protocolMin,uint16 protocolMax,bool active,bytes32[] relayIds)"
    );
    bytes32 private constant ADD_KEY_TYPEHASH =
        keccak256("AddKey(address owner,address key,uint256 maxTip,uint256 nonce,uint256 deadline)");
    bytes32 private constant RETIRE_KEY_TYPEHASH =
        keccak256("RetireKey(address owner,uint32 keyId,uint256 maxTip,uint256 nonce,uint256 deadline)");
    bytes32 private constant START_UNBONDING_TYPEHASH =
        keccak256("StartUnbonding(address owner,uint256 maxTip,uint256 nonce,uint256 deadline)");

    uint96 public immutable minimumStake;
    /// Slashed stakes, locked here for ever: no function pays them out.
    uint256 public burned;

    mapping(address owner => Provider) private _providers;
    mapping(address owner => NodeKey[]) private _keys;
    mapping(address key => KeyRef) private _keyRefs;
    address[] private _owners;

    constructor(address token_, uint96 minimumStake_) Ledger(token_) EIP712("Adit Stake Registry", "1") {
        if (minimumStake_ == 0) revert AmountZero();
        minimumStake = minimumStake_;
    }

    // Registering

    function register(uint96 stake, address key, bytes calldata binding, Profile calldata profile)
        external
        nonReentrant
    {
        _register(msg.sender, stake, key, binding, profile);
        _pull(msg.sender, stake);
    }

    function registerWithPermit(
        uint96 stake,
        address key,
        bytes calldata binding,
        Profile calldata profile,
        Permit calldata permit
    ) external nonReentrant {
        _register(msg.sender, stake, key, binding, profile);
        _pullWithPermit(msg.sender, stake, permit);
    }

    function registerFor(
        address owner,
        uint96 stake,
        address key,
        bytes calldata binding,
        Profile calldata profile,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external nonReentrant {
        bytes32 structHash = keccak256(
            abi.encode(
                REGISTER_TYPEHASH,
                owner,
                uint256(stake),
                key,
                _profileHash(profile),
                authorization.maxTip,
                authorization.nonce,
                authorization.deadline
            )
        );
        _authorize(owner, structHash, tip, authorization);
        _register(owner, stake, key, binding, profile);
        _collectWithTip(owner, stake, tip, permit);
    }

    function update(Profile calldata profile) external nonReentrant {
        _update(msg.sender, profile);
    }

    function updateFor(
        address owner,
        Profile calldata profile,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external nonReentrant {
        bytes32 structHash = keccak256(
            abi.encode(
                UPDATE_TYPEHASH,
                owner,
                _profileHash(profile),
                authorization.maxTip,
                authorization.nonce,
                authorization.deadline
            )
        );
        _authorize(owner, structHash, tip, authorization);
        _update(owner, profile);
        _collectWithTip(owner, 0, tip, permit);
    }

    // Keys

    function addKey(address key, bytes calldata binding) external nonReentrant returns (uint32 keyId) {
        _bonded(msg.sender);
        return _addKey(msg.sender, key, binding);
    }

    function addKeyFor(
        address owner,
        address key,
        bytes calldata binding,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external nonReentrant returns (uint32 keyId) {
        bytes32 structHash = keccak256(
            abi.encode(
                ADD_KEY_TYPEHASH,
                owner,
                key,
                authorization.maxTip,
                authorization.nonce,
                authorization.deadline
            )
        );
        _authorize(owner, structHash, tip, authorization);
        _bonded(owner);
        keyId = _addKey(owner, key, binding);
        _collectWithTip(owner, 0, tip, permit);
    }

    function retireKey(uint32 keyId) external nonReentrant {
        _retireKey(msg.sender, keyId);
    }

    function retireKeyFor(
        address owner,
        uint32 keyId,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external nonReentrant {
        bytes32 structHash = keccak256(
            abi.encode(
                RETIRE_KEY_TYPEHASH,
                owner,
                keyId,
                authorization.maxTip,
                authorization.nonce,
                authorization.deadline
            )
        );
        _authorize(owner, structHash, tip, authorization);
        _retireKey(owner, keyId);
        _collectWithTip(owner, 0, tip, permit);
    }

    // Leaving

    function startUnbonding() external nonReentrant {
        _startUnbonding(msg.sender);
    }

    function startUnbondingFor(
        address owner,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external nonReentrant {
        bytes32 structHash = keccak256(
            abi.encode(
                START_UNBONDING_TYPEHASH, owner, authorization.maxTip, authorization.nonce, authorization.deadline
            )
        );
        _authorize(owner, structHash, tip, authorization);
        _startUnbonding(owner);
        _collectWithTip(owner, 0, tip, permit);
    }

    function withdrawStake(address owner) external nonReentrant {
        Provider storage provider = _registered(owner);
        uint40 unbondsAt = provider.unbondsAt;
        if (unbondsAt == 0) revert NotUnbonding(owner);
        if (block.timestamp < unbondsAt) revert UnbondingNotDue(unbondsAt);

        uint96 stake = provider.stake;
        _remove(owner, provider);
        balanceOf[owner] += stake;
        emit StakeReleased(owner, stake);
    }

    function slashEquivocation(
        address provider,
        uint64 sequence,
        bytes32 contentA,
        bytes calldata signatureA,
        bytes32 contentB,
        bytes calldata signatureB
    ) external nonReentrant {
        if (contentA == contentB) revert SameContent();
        (address key, ECDSA.RecoverError failure,) =
            ECDSA.tryRecoverCalldata(offerDigest(provider, sequence, contentA), signatureA);
        if (failure != ECDSA.RecoverError.NoError) revert InvalidOfferSignature();
        if (!_signedBy(key, offerDigest(provider, sequence, contentB), signatureB)) revert InvalidOfferSignature();
        if (_keyRefs[key].owner != provider || !isSlashable(key)) revert KeyNotSlashable(key);

        Provider storage record = _providers[provider];
        uint96 stake = record.stake;
        uint96 reward = uint96((uint256(stake) * REPORTER_BPS) / 10_000);
        _remove(provider, record);
        record.slashCount += 1;
        burned += stake - reward;
        balanceOf[msg.sender] += reward;
        emit Slashed(provider, key, msg.sender, sequence, reward, stake - reward);
    }

    // Views

    function providerCount() external view returns (uint256) {
        return _owners.length;
    }

    function providersPage(uint256 offset, uint256 limit) external view returns (ProviderView[] memory page) {
        uint256 count = _owners.length;
        uint256 first = offset < count ? offset : count;
        uint256 size = limit < count - first ? limit : count - first;
        page = new ProviderView[](size);
        for (uint256 index = 0; index < size; ++index) page[index] = providerOf(_owners[first + index]);
    }

    function providerOf(address owner) public view returns (ProviderView memory) {
        Provider storage provider = _providers[owner];
        return ProviderView({
            owner: provider.stake == 0 ? address(0) : owner,
            stake: provider.stake,
            unbondsAt: provider.unbondsAt,
            registeredAt: provider.registeredAt,
            slashCount: provider.slashCount,
            firstLiveKey: provider.firstLiveKey,
            profile: Profile({
                region: provider.region,
                contactHash: provider.contactHash,
                protocolMin: provider.protocolMin,
                protocolMax: provider.protocolMax,
                active: provider.active,
                relayIds: provider.relayIds
            }),
            keys: _keys[owner]
        });
    }

    function ownerOfKey(address key) external view returns (address owner, uint32 keyId) {
        return (_keyRefs[key].owner, _keyRefs[key].keyId);
    }

    function isSlashable(address key) public view returns (bool) {
        KeyRef memory ref = _keyRefs[key];
        if (ref.owner == address(0) || ref.keyId < _providers[ref.owner].firstLiveKey) return false;
        uint40 retiredAt = _keys[ref.owner][ref.keyId].retiredAt;
        return retiredAt == 0 || block.timestamp < retiredAt + UNBONDING;
    }

    function offerDigest(address provider, uint64 sequence, bytes32 contentHash) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(OFFER_TYPEHASH, provider, sequence, contentHash)));
    }

    function bindingDigest(address provider) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(BINDING_TYPEHASH, provider)));
    }

    // Steps

    function _register(address owner, uint96 stake, address key, bytes calldata binding, Profile calldata profile)
        private
    {
        Provider storage provider = _providers[owner];
        if (provider.stake != 0) revert AlreadyRegistered(owner);
        if (stake < minimumStake) revert StakeBelowMinimum(stake, minimumStake);

        provider.stake = stake;
        provider.registeredAt = uint40(block.timestamp);
        provider.listPosition = uint32(_owners.length);
        _owners.push(owner);
        _writeProfile(provider, profile);
        emit ProviderRegistered(owner, profile.region, stake, profile);
        _addKey(owner, key, binding);
    }

    function _update(address owner, Profile calldata profile) private {
        Provider storage provider = _registered(owner);
        if (provider.unbondsAt != 0 && profile.active) revert Unbonding(provider.unbondsAt);
        _writeProfile(provider, profile);
        emit ProviderUpdated(owner, profile.region, profile);
    }

    function _addKey(address owner, address key, bytes calldata binding) private returns (uint32 keyId) {
        if (key == address(0)) revert ZeroAddress();
        if (_keyRefs[key].owner != address(0)) revert KeyInUse(key);
        NodeKey[] storage keys = _keys[owner];
        if (keys.length >= MAX_KEYS) revert TooManyKeys(keys.length + 1, MAX_KEYS);
        if (!_signedBy(key, bindingDigest(owner), binding)) revert InvalidKeyBinding(key);

        keyId = uint32(keys.length);
        keys.push(NodeKey({key: key, addedAt: uint40(block.timestamp), retiredAt: 0}));
        _keyRefs[key] = KeyRef({owner: owner, keyId: keyId});
        emit KeyAdded(owner, key, keyId);
    }

    function _retireKey(address owner, uint32 keyId) private {
        Provider storage provider = _registered(owner);
        NodeKey[] storage keys = _keys[owner];
        if (keyId < provider.firstLiveKey || keyId >= keys.length) revert NoSuchKey(owner, keyId);
        if (keys[keyId].retiredAt != 0) revert KeyAlreadyRetired(keyId);
        keys[keyId].retiredAt = uint40(block.timestamp);
        emit KeyRetired(owner, keys[keyId].key, keyId, uint40(block.timestamp));
    }

    function _startUnbonding(address owner) private {
        Provider storage provider = _bonded(owner);
        uint40 unbondsAt = uint40(block.timestamp) + UNBONDING;
        provider.unbondsAt = unbondsAt;
        provider.active = false;
        emit UnbondingStarted(owner, unbondsAt);
    }

    /// Takes the provider off the list and releases its keys: what they signed costs no later stake.
    function _remove(address owner, Provider storage provider) private {
        provider.stake = 0;
        provider.unbondsAt = 0;
        provider.active = false;
        provider.firstLiveKey = uint32(_keys[owner].length);
        address last = _owners[_owners.length - 1];
        _owners[provider.listPosition] = last;
        _providers[last].listPosition = provider.listPosition;
        _owners.pop();
    }

    function _writeProfile(Provider storage provider, Profile calldata profile) private {
        _checkRegion(profile.region);
        if (profile.protocolMin == 0 || profile.protocolMin > profile.protocolMax) {
            revert InvalidProtocolRange(profile.protocolMin, profile.protocolMax);
        }
        if (profile.relayIds.length > MAX_RELAYS) revert TooManyRelays(profile.relayIds.length, MAX_RELAYS);
        provider.region = profile.region;
        provider.contactHash = profile.contactHash;
        provider.protocolMin = profile.protocolMin;
        provider.protocolMax = profile.protocolMax;
        provider.active = profile.active;
        provider.relayIds = profile.relayIds;
    }

    /// One to eight of `A-Z 0-9 -`, padded with zero bytes: what is shown to people cannot carry anything else.
    function _checkRegion(bytes8 region) private pure {
        if (region[0] == 0) revert InvalidRegion();
        bool ended = false;
        for (uint256 index = 0; index < 8; ++index) {
            bytes1 sign = region[index];
            if (sign == 0) {
                ended = true;
                continue;
            }
            bool allowed = (sign >= "A" && sign <= "Z") || (sign >= "0" && sign <= "9") || sign == "-";
            if (ended || !allowed) revert InvalidRegion();
        }
    }

    function _registered(address owner) private view returns (Provider storage provider) {
        provider = _providers[owner];
        if (provider.stake == 0) revert NotRegistered(owner);
    }

    function _bonded(address owner) private view returns (Provider storage provider) {
        provider = _registered(owner);
        if (provider.unbondsAt != 0) revert Unbonding(provider.unbondsAt);
    }

    function _profileHash(Profile calldata profile) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                PROFILE_TYPEHASH,
                profile.region,
                profile.contactHash,
                profile.protocolMin,
                profile.protocolMax,
                profile.active,
                keccak256(abi.encodePacked(profile.relayIds))
            )
        );
    }
}
