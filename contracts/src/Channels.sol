// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Permit, Authorization} from "./ILedger.sol";
import {IChannels, ChannelId, Channel, Voucher, OpenRequest} from "./IChannels.sol";
import {Ledger} from "./Ledger.sol";

/// See `IChannels`. Each function stands in the order checks, effects, event, interaction.
contract Channels is IChannels, Ledger {
    uint40 public constant CLOSE_WINDOW = 72 hours;
    uint40 public constant EXPIRY = 90 days;
    uint16 public constant MAX_FEE_BPS = 500;

    uint8 public constant SKIP_NO_CHANNEL = 1;
    uint8 public constant SKIP_SIGNATURE = 2;
    uint8 public constant SKIP_NOTHING_TO_CLAIM = 3;

    uint256 private constant BPS = 10_000;
    /// `closeAt` of a closed channel: the id stays used, so no old voucher ever finds a new deposit.
    uint40 private constant CLOSED = type(uint40).max;

    bytes32 private constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 channel,uint256 amount,bytes32 reading)");
    bytes32 private constant CLOSE_TYPEHASH =
        keccak256("CooperativeClose(bytes32 channel,uint256 amount,uint256 deadline)");
    bytes32 private constant OPEN_TYPEHASH = keccak256(
        "Open(address payer,address provider,address signer,uint256 deposit,bytes32 salt,uint256 maxTip,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant TOP_UP_TYPEHASH = keccak256(
        "TopUp(address from,bytes32 channel,uint256 added,uint256 maxTip,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant START_CLOSE_TYPEHASH =
        keccak256("StartClose(bytes32 channel,uint256 maxTip,uint256 nonce,uint256 deadline)");

    address public immutable feeAccount;
    uint96 public immutable minimumDeposit;
    uint16 public feeBps;

    mapping(ChannelId => Channel) private _channels;

    constructor(address token_, address feeAccount_, uint96 minimumDeposit_, uint16 feeBps_)
        Ledger(token_)
        EIP712("Adit Channels", "1")
    {
        if (feeAccount_ == address(0)) revert ZeroAddress();
        if (minimumDeposit_ == 0) revert AmountZero();
        feeAccount = feeAccount_;
        minimumDeposit = minimumDeposit_;
        _setFeeBps(feeBps_);
    }

    // Opening and topping up

    function open(address provider, address signer, uint96 deposit, bytes32 salt)
        external
        nonReentrant
        returns (ChannelId channel)
    {
        channel = _open(OpenRequest(msg.sender, provider, signer, deposit, salt));
        _pull(msg.sender, deposit);
    }

    function openWithPermit(address provider, address signer, uint96 deposit, bytes32 salt, Permit calldata permit)
        external
        nonReentrant
        returns (ChannelId channel)
    {
        channel = _open(OpenRequest(msg.sender, provider, signer, deposit, salt));
        _pullWithPermit(msg.sender, deposit, permit);
    }

    function openFor(
        OpenRequest calldata request,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external nonReentrant returns (ChannelId channel) {
        _authorize(
            request.payer,
            keccak256(
                abi.encode(
                    OPEN_TYPEHASH,
                    request.payer,
                    request.provider,
                    request.signer,
                    uint256(request.deposit),
                    request.salt,
                    authorization.maxTip,
                    authorization.nonce,
                    authorization.deadline
                )
            ),
            tip,
            authorization
        );
        channel = _open(request);
        _collectWithTip(request.payer, request.deposit, tip, permit);
    }

    function topUp(ChannelId channel, uint96 added) external nonReentrant {
        _topUp(msg.sender, channel, added);
        _pull(msg.sender, added);
    }

    function topUpFor(
        address from,
        ChannelId channel,
        uint96 added,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external nonReentrant {
        _authorize(
            from,
            keccak256(
                abi.encode(
                    TOP_UP_TYPEHASH,
                    from,
                    channel,
                    uint256(added),
                    authorization.maxTip,
                    authorization.nonce,
                    authorization.deadline
                )
            ),
            tip,
            authorization
        );
        _topUp(from, channel, added);
        _collectWithTip(from, added, tip, permit);
    }

    // Paying the provider

    function claim(Voucher calldata voucher) external nonReentrant {
        (uint8 skip, address provider, uint256 earned, uint256 fee) = _claim(voucher);
        if (skip == SKIP_NO_CHANNEL) revert NoSuchChannel(voucher.channel);
        if (skip == SKIP_SIGNATURE) revert InvalidVoucherSignature(voucher.channel);
        if (skip == SKIP_NOTHING_TO_CLAIM) {
            revert NothingToClaim(voucher.channel, _channels[voucher.channel].claimed);
        }
        _credit(provider, earned);
        _credit(feeAccount, fee);
    }

    /// Credits once for each run of vouchers to one provider: two storage writes less for each voucher.
    function claimMany(Voucher[] calldata vouchers) external nonReentrant {
        address runProvider;
        uint256 runEarned;
        uint256 fees;
        for (uint256 index = 0; index < vouchers.length; ++index) {
            (uint8 skip, address provider, uint256 earned, uint256 fee) = _claim(vouchers[index]);
            if (skip != 0) {
                emit VoucherSkipped(vouchers[index].channel, skip);
                continue;
            }
            if (provider != runProvider) {
                _credit(runProvider, runEarned);
                (runProvider, runEarned) = (provider, 0);
            }
            runEarned += earned;
            fees += fee;
        }
        _credit(runProvider, runEarned);
        _credit(feeAccount, fees);
    }

    // Closing

    function cooperativeClose(
        ChannelId channel,
        uint96 amount,
        uint256 deadline,
        bytes calldata signerSignature,
        bytes calldata providerSignature
    ) external nonReentrant {
        Channel memory state = _liveChannel(channel);
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        if (amount < state.claimed || amount > state.deposit) {
            revert CloseAmountOutOfRange(amount, state.claimed, state.deposit);
        }
        bytes32 digest = closeDigest(channel, amount, deadline);
        if (!_signedBy(state.signer, digest, signerSignature)) revert InvalidSignerSignature(channel);
        if (msg.sender != state.provider && !_signedBy(state.provider, digest, providerSignature)) {
            revert InvalidProviderSignature(channel);
        }
        _close(channel, state, amount);
    }

    function startClose(ChannelId channel) external nonReentrant {
        Channel memory state = _liveChannel(channel);
        if (msg.sender != state.payer) revert NotPayer(msg.sender, state.payer);
        _startClose(channel, state);
    }

    function startCloseFor(
        ChannelId channel,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external nonReentrant {
        Channel memory state = _liveChannel(channel);
        _authorize(
            state.payer,
            keccak256(
                abi.encode(
                    START_CLOSE_TYPEHASH,
                    channel,
                    authorization.maxTip,
                    authorization.nonce,
                    authorization.deadline
                )
            ),
            tip,
            authorization
        );
        _startClose(channel, state);
        _collectWithTip(state.payer, 0, tip, permit);
    }

    function finishClose(ChannelId channel) external nonReentrant {
        Channel memory state = _liveChannel(channel);
        uint256 dueAt = state.closeAt != 0 && state.closeAt < state.expiry ? state.closeAt : state.expiry;
        if (block.timestamp < dueAt) revert CloseNotDue(channel, dueAt);
        _close(channel, state, state.claimed);
    }

    // Fee and views

    function setFeeBps(uint16 feeBps_) external {
        if (msg.sender != feeAccount) revert NotFeeAccount(msg.sender);
        _setFeeBps(feeBps_);
    }

    function channels(ChannelId channel) external view returns (Channel memory) {
        return _channels[channel];
    }

    function channelIdOf(address payer, address provider, address signer, bytes32 salt)
        public
        pure
        returns (ChannelId)
    {
        return ChannelId.wrap(keccak256(abi.encode(payer, provider, signer, salt)));
    }

    function voucherDigest(ChannelId channel, uint256 amount, bytes32 reading) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, channel, amount, reading)));
    }

    function closeDigest(ChannelId channel, uint256 amount, uint256 deadline) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLOSE_TYPEHASH, channel, amount, deadline)));
    }

    // Steps

    function _open(OpenRequest memory request) private returns (ChannelId channel) {
        if (request.provider == address(0) || request.signer == address(0)) revert ZeroAddress();
        if (request.deposit < minimumDeposit) revert AmountBelowMinimum(request.deposit, minimumDeposit);
        channel = channelIdOf(request.payer, request.provider, request.signer, request.salt);
        if (_channels[channel].provider != address(0)) revert ChannelExists(channel);

        Channel memory state = Channel({
            payer: request.payer,
            deposit: request.deposit,
            signer: request.signer,
            claimed: 0,
            provider: request.provider,
            closeAt: 0,
            expiry: _expiryFromNow(),
            feeBps: feeBps
        });
        _channels[channel] = state;
        emit ChannelOpened(
            channel, state.payer, state.provider, state.signer, state.deposit, state.expiry, state.feeBps
        );
    }

    function _topUp(address from, ChannelId channel, uint96 added) private {
        if (added < minimumDeposit) revert AmountBelowMinimum(added, minimumDeposit);
        Channel memory state = _liveChannel(channel);
        if (block.timestamp >= state.expiry) revert ExpiredChannel(channel, state.expiry);

        uint96 deposit = state.deposit + added;
        uint40 expiry = _expiryFromNow();
        _channels[channel].deposit = deposit;
        _channels[channel].expiry = expiry;
        emit ChannelToppedUp(channel, from, added, deposit, expiry);
    }

    /// `skip` is 0 when the voucher moved money, else why not; then the caller credits what it `earned`. Never reverts:
    /// one bad voucher must not stop a batch. Reads only the fields that it needs: this is what a batch costs.
    function _claim(Voucher calldata voucher)
        private
        returns (uint8 skip, address provider, uint256 earned, uint256 fee)
    {
        ChannelId channel = voucher.channel;
        Channel storage state = _channels[channel];
        provider = state.provider;
        if (provider == address(0) || state.closeAt == CLOSED) return (SKIP_NO_CHANNEL, provider, 0, 0);
        uint256 claimed = state.claimed;
        uint256 total = state.deposit;
        if (voucher.amount < total) total = voucher.amount;
        if (total <= claimed) return (SKIP_NOTHING_TO_CLAIM, provider, 0, 0);
        bytes32 digest = voucherDigest(channel, voucher.amount, voucher.reading);
        if (!_signedBy(state.signer, digest, voucher.r, voucher.vs)) return (SKIP_SIGNATURE, provider, 0, 0);

        state.claimed = uint96(total);
        fee = _feeBetween(claimed, total, state.feeBps);
        unchecked {
            earned = total - claimed - fee; // total > claimed, and the fee is at most 5 % of the difference plus one
            emit Claimed(channel, uint96(total), uint96(total - claimed), uint96(fee), voucher.reading);
        }
    }

    /// The difference of two floors over cumulative totals, so that many small claims pay what one large claim pays.
    function _feeBetween(uint256 claimed, uint256 total, uint256 bps) private pure returns (uint256) {
        unchecked {
            return (total * bps) / BPS - (claimed * bps) / BPS; // both totals are below 2^96, claimed <= total
        }
    }

    function _credit(address account, uint256 amount) private {
        if (amount != 0) balanceOf[account] += amount;
    }

    function _startClose(ChannelId channel, Channel memory state) private {
        if (state.closeAt != 0) revert AlreadyClosing(channel, state.closeAt);
        uint40 closeAt = uint40(block.timestamp) + CLOSE_WINDOW;
        _channels[channel].closeAt = closeAt;
        emit CloseStarted(channel, state.payer, state.provider, closeAt);
    }

    function _close(ChannelId channel, Channel memory state, uint96 total) private {
        uint96 refund = state.deposit - total;
        uint96 amount = total - state.claimed;
        uint96 fee = uint96(_feeBetween(state.claimed, total, state.feeBps));
        delete _channels[channel];
        _channels[channel].provider = state.provider;
        _channels[channel].closeAt = CLOSED;
        _credit(state.provider, amount - fee);
        _credit(feeAccount, fee);
        _credit(state.payer, refund);
        emit ChannelClosed(channel, state.payer, state.provider, total, amount, fee, refund);
    }

    function _liveChannel(ChannelId channel) private view returns (Channel memory state) {
        state = _channels[channel];
        if (!_isLive(state)) revert NoSuchChannel(channel);
    }

    function _isLive(Channel memory state) private pure returns (bool) {
        return state.provider != address(0) && state.closeAt != CLOSED;
    }

    function _expiryFromNow() private view returns (uint40) {
        return uint40(block.timestamp) + EXPIRY;
    }

    function _setFeeBps(uint16 feeBps_) private {
        if (feeBps_ > MAX_FEE_BPS) revert FeeAboveCap(feeBps_, MAX_FEE_BPS);
        feeBps = feeBps_;
        emit FeeChanged(feeBps_);
    }
}
