// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ILedger, Permit, Authorization} from "./ILedger.sol";

/// Internal balances, pull-only payouts, signed actions with a tip. No admin, no upgrade, no way to stop a withdrawal.
abstract contract Ledger is ILedger, EIP712, Multicall, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 private constant WITHDRAW_TYPEHASH = keccak256(
        "Withdraw(address account,address to,uint256 amount,uint256 maxTip,uint256 nonce,uint256 deadline)"
    );

    uint16 public constant protocolVersion = 1;

    IERC20 internal immutable TOKEN;

    mapping(address account => uint256) public balanceOf;
    mapping(address account => mapping(uint256 word => uint256)) private _nonces;

    constructor(address token_) {
        if (token_ == address(0)) revert ZeroAddress();
        TOKEN = IERC20(token_);
    }

    function withdraw(address to, uint256 amount) external nonReentrant {
        uint256 paid = _debitForPayout(msg.sender, to, amount);
        emit Withdrawn(msg.sender, to, paid);
        TOKEN.safeTransfer(to, paid);
    }

    function withdrawFor(address account, address to, uint256 amount, uint256 tip, Authorization calldata authorization)
        external
        nonReentrant
    {
        _authorize(
            account,
            keccak256(
                abi.encode(
                    WITHDRAW_TYPEHASH,
                    account,
                    to,
                    amount,
                    authorization.maxTip,
                    authorization.nonce,
                    authorization.deadline
                )
            ),
            tip,
            authorization
        );
        uint256 debited = _debitForPayout(account, to, amount);
        if (tip > debited) revert InsufficientBalance(account, debited, tip);
        _creditTip(account, tip);
        emit Withdrawn(account, to, debited - tip);
        TOKEN.safeTransfer(to, debited - tip);
    }

    function cancelNonce(uint256 nonce) external {
        _useNonce(msg.sender, nonce);
        emit NonceCancelled(msg.sender, nonce);
    }

    function token() external view returns (address) {
        return address(TOKEN);
    }

    function nonceUsed(address account, uint256 nonce) external view returns (bool) {
        return _nonces[account][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// Checks the account's signature over `structHash`, its deadline and the tip's cap; uses the nonce up.
    function _authorize(address account, bytes32 structHash, uint256 tip, Authorization calldata authorization)
        internal
    {
        if (block.timestamp > authorization.deadline) revert DeadlinePassed(authorization.deadline);
        if (tip > authorization.maxTip) revert TipTooHigh(tip, authorization.maxTip);
        if (!_signedBy(account, _hashTypedDataV4(structHash), authorization.signature)) {
            revert InvalidAuthorization(account);
        }
        _useNonce(account, authorization.nonce);
    }

    /// Low-s signatures of 65 bytes only. False, never a revert, for anything else: batches skip bad ones.
    function _signedBy(address account, bytes32 digest, bytes calldata signature) internal pure returns (bool) {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        return failure == ECDSA.RecoverError.NoError && recovered == account;
    }

    /// The same for the compact form (EIP-2098).
    function _signedBy(address account, bytes32 digest, bytes32 r, bytes32 vs) internal pure returns (bool) {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, r, vs);
        return failure == ECDSA.RecoverError.NoError && recovered == account;
    }

    /// Credits the tip and debits `amount + tip` from the account: internal balance first, then tokens.
    function _collectWithTip(address account, uint256 amount, uint256 tip, Permit calldata permit) internal {
        uint256 needed = amount + tip;
        uint256 held = balanceOf[account];
        uint256 fromBalance = held < needed ? held : needed;
        if (fromBalance != 0) balanceOf[account] = held - fromBalance;
        _creditTip(account, tip);
        if (needed > fromBalance) _pullWithPermit(account, needed - fromBalance, permit);
    }

    function _pullWithPermit(address from, uint256 amount, Permit calldata permit) internal {
        if (permit.value != 0) {
            // Anyone may have submitted this permit first; then the allowance stands and only this call fails.
            try IERC20Permit(address(TOKEN)).permit(
                from, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s
            ) {} catch {}
        }
        _pull(from, amount);
    }

    /// Takes exactly `amount`: a token that delivers less (fee on transfer) or more (rebasing) is refused.
    function _pull(address from, uint256 amount) internal {
        uint256 held = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(from, address(this), amount);
        uint256 received = TOKEN.balanceOf(address(this)) - held;
        if (received != amount) revert TransferAmountMismatch(amount, received);
    }

    function _creditTip(address from, uint256 tip) private {
        if (tip == 0) return;
        balanceOf[msg.sender] += tip;
        emit TipPaid(from, msg.sender, tip);
    }

    function _debitForPayout(address account, address to, uint256 amount) private returns (uint256 debited) {
        // A payout to the contract itself would belong to nobody.
        if (to == address(0) || to == address(this)) revert ZeroAddress();
        uint256 held = balanceOf[account];
        debited = amount == type(uint256).max ? held : amount;
        if (debited == 0) revert AmountZero();
        if (debited > held) revert InsufficientBalance(account, held, debited);
        balanceOf[account] = held - debited;
    }

    function _useNonce(address account, uint256 nonce) private {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 word = _nonces[account][nonce >> 8];
        if (word & bit != 0) revert NonceUsed(account, nonce);
        _nonces[account][nonce >> 8] = word | bit;
    }
}
