// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Channels} from "../src/Channels.sol";
import {TestDollar} from "../src/TestDollar.sol";
import {ILedger, Permit} from "../src/ILedger.sol";
import {IChannels, ChannelId, Channel, Voucher} from "../src/IChannels.sol";
import {Fixture} from "./support/Fixture.sol";
import {FeeToken, FreezingToken, ReentrantToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// One test for each known attack on payment channels; the F numbers are the findings of the economic review in
/// docs/threat-model.md.
contract ChannelAttacksTest is Fixture {
    function testFuzz_overclaim_neverMoreThanTheDeposit(uint96 deposit, uint256 amount) public {
        deposit = uint96(MINIMUM_DEPOSIT + (deposit % (1000 * USD)));
        vm.assume(amount > 0);
        ChannelId channel = openChannel(deposit);
        channels.claim(voucherOf(channel, amount));
        uint256 expected = amount < deposit ? amount : deposit;
        vm.assertEq(channels.channels(channel).claimed, expected, "claimed");
        vm.assertEq(channels.balanceOf(provider) + channels.balanceOf(feeAccount), expected, "credited");
    }

    function testFuzz_doubleClaim_sameOrLowerVoucherMovesNothing(uint96 amount, uint96 lower) public {
        amount = 1 + (amount % (2 * USD));
        lower = 1 + (lower % amount);
        ChannelId channel = openChannel(2 * USD);
        channels.claim(voucherOf(channel, amount));
        Voucher memory again = voucherOf(channel, lower);
        vm.expectRevert(abi.encodeWithSelector(IChannels.NothingToClaim.selector, channel, amount));
        channels.claim(again);
    }

    function test_voucherWithholding_providerKeepsTheLastVoucher() public {
        ChannelId channel = openChannel(2 * USD);
        Voucher memory last = voucherOf(channel, 1 * USD);
        vm.prank(payer);
        channels.startClose(channel);
        vm.warp(block.timestamp + 72 hours);
        channels.claim(last);
        channels.finishClose(channel);
        vm.assertEq(channels.balanceOf(provider), 970_000, "paid less the fee");
        vm.assertEq(channels.balanceOf(payer), 1 * USD, "the rest");
    }

    function testFuzz_replay_otherDomainIsRefused(uint64 chainId, address verifier, bool otherChain) public {
        ChannelId channel = openChannel(2 * USD);
        if (otherChain) vm.assume(chainId != block.chainid);
        else vm.assume(verifier != address(channels));
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Voucher(bytes32 channel,uint256 amount,bytes32 reading)"), channel, uint256(USD), bytes32(0)
            )
        );
        bytes32 digest = otherChain
            ? digestFor(address(channels), "Adit Channels", chainId, structHash)
            : digestFor(verifier, "Adit Channels", block.chainid, structHash);
        (bytes32 r, bytes32 vs) = compact(signed(SIGNER_KEY, digest));
        vm.expectRevert(abi.encodeWithSelector(IChannels.InvalidVoucherSignature.selector, channel));
        channels.claim(Voucher(channel, USD, 0, r, vs));
        (r, vs) = compact(signed(SIGNER_KEY, channelsDigest(structHash)));
        channels.claim(Voucher(channel, USD, 0, r, vs));
    }

    function test_replay_afterAForkWithANewChainId() public {
        ChannelId channel = openChannel(2 * USD);
        Voucher memory voucher = voucherOf(channel, USD);
        vm.chainId(999);
        vm.expectRevert(abi.encodeWithSelector(IChannels.InvalidVoucherSignature.selector, channel));
        channels.claim(voucher);
    }

    function test_replay_voucherOfAnotherChannel() public {
        ChannelId first = openChannel(2 * USD, "a");
        ChannelId second = openChannel(2 * USD, "b");
        Voucher memory voucher = voucherOf(first, USD);
        voucher.channel = second;
        vm.expectRevert(abi.encodeWithSelector(IChannels.InvalidVoucherSignature.selector, second));
        channels.claim(voucher);
    }

    function test_replay_closedIdIsNeverOpenedAgain() public {
        ChannelId channel = openChannel(2 * USD);
        vm.warp(block.timestamp + 90 days);
        channels.finishClose(channel);
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(IChannels.ChannelExists.selector, channel));
        channels.open(provider, signer, 2 * USD, bytes32(uint256(1)));
    }

    function testFuzz_forgedVoucher_anotherKeyIsRefused(uint256 key) public {
        key = 1 + (key % 1e60);
        vm.assume(key != SIGNER_KEY);
        ChannelId channel = openChannel(2 * USD);
        Voucher memory voucher = voucherBy(key, channel, USD);
        vm.expectRevert(abi.encodeWithSelector(IChannels.InvalidVoucherSignature.selector, channel));
        channels.claim(voucher);
    }

    function testFuzz_malleability_flippedSignatureIsRefused(uint96 amount) public {
        amount = 1 + (amount % (2 * USD));
        ChannelId channel = openChannel(2 * USD);
        bytes memory signature = signed(SIGNER_KEY, channels.closeDigest(channel, amount, block.timestamp));
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IChannels.InvalidSignerSignature.selector, channel));
        channels.cooperativeClose(channel, amount, block.timestamp, malleated(signature), "");
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IChannels.InvalidSignerSignature.selector, channel));
        channels.cooperativeClose(channel, amount, block.timestamp, abi.encodePacked(signature, uint8(0)), "");
        vm.prank(provider);
        channels.cooperativeClose(channel, amount, block.timestamp, signature, "");
    }

    function test_frontRunClose_claimCountsUntilTheCloseHasRun() public {
        ChannelId channel = openChannel(2 * USD);
        vm.prank(payer);
        channels.startClose(channel);
        vm.expectRevert(
            abi.encodeWithSelector(IChannels.CloseNotDue.selector, channel, block.timestamp + 72 hours)
        );
        channels.finishClose(channel);
        vm.prank(payer);
        vm.expectRevert(
            abi.encodeWithSelector(IChannels.AlreadyClosing.selector, channel, block.timestamp + 72 hours)
        );
        channels.startClose(channel);
        channels.claim(voucherOf(channel, USD));
        vm.warp(block.timestamp + 72 hours);
        channels.finishClose(channel);
        Voucher memory late = voucherOf(channel, 2 * USD);
        vm.expectRevert(abi.encodeWithSelector(IChannels.NoSuchChannel.selector, channel));
        channels.claim(late);
    }

    function test_close_onlyThePayerStarts() public {
        ChannelId channel = openChannel(2 * USD);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IChannels.NotPayer.selector, provider, payer));
        channels.startClose(channel);
    }

    function test_cooperativeClose_needsBothAndKeepsTheRange() public {
        ChannelId channel = openChannel(2 * USD);
        channels.claim(voucherOf(channel, USD));
        uint256 deadline = block.timestamp + 1;
        bytes memory bySigner = signed(SIGNER_KEY, channels.closeDigest(channel, USD, deadline));
        bytes memory byProvider = signed(PROVIDER_KEY, channels.closeDigest(channel, USD, deadline));
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(IChannels.InvalidProviderSignature.selector, channel));
        channels.cooperativeClose(channel, USD, deadline, bySigner, "");
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IChannels.InvalidSignerSignature.selector, channel));
        channels.cooperativeClose(channel, USD, deadline, byProvider, "");
        bytes memory below = signed(SIGNER_KEY, channels.closeDigest(channel, USD - 1, deadline));
        vm.prank(provider);
        vm.expectRevert(
            abi.encodeWithSelector(IChannels.CloseAmountOutOfRange.selector, USD - 1, USD, 2 * USD)
        );
        channels.cooperativeClose(channel, USD - 1, deadline, below, "");
        bytes memory above = signed(SIGNER_KEY, channels.closeDigest(channel, 2 * USD + 1, deadline));
        vm.prank(provider);
        vm.expectRevert(
            abi.encodeWithSelector(IChannels.CloseAmountOutOfRange.selector, 2 * USD + 1, USD, 2 * USD)
        );
        channels.cooperativeClose(channel, 2 * USD + 1, deadline, above, "");
        vm.warp(deadline + 1);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(ILedger.DeadlinePassed.selector, deadline));
        channels.cooperativeClose(channel, USD, deadline, bySigner, "");
        vm.warp(deadline);
        vm.prank(stranger);
        channels.cooperativeClose(channel, USD, deadline, bySigner, byProvider);
        vm.assertEq(channels.balanceOf(payer), USD, "the rest is free at once");
    }

    function test_permitFrontRun_isHarmless() public {
        vm.prank(payer);
        dollar.approve(address(channels), 0);
        Permit memory permit = permitBy(PAYER_KEY, address(channels), 2 * USD);
        dollar.permit(payer, address(channels), permit.value, permit.deadline, permit.v, permit.r, permit.s);
        vm.prank(payer);
        channels.openWithPermit(provider, signer, 2 * USD, "p", permit);
    }

    function test_feeOnTransfer_openAndTopUpAreRefused() public {
        FeeToken token = new FeeToken();
        Channels own = new Channels(address(token), feeAccount, MINIMUM_DEPOSIT, FEE_BPS);
        token.mint(payer, 100 * USD);
        vm.prank(payer);
        token.approve(address(own), type(uint256).max);
        vm.prank(payer);
        ChannelId channel = own.open(provider, signer, 2 * USD, "before the fee");
        token.switchOn();
        bytes memory mismatch =
            abi.encodeWithSelector(ILedger.TransferAmountMismatch.selector, 2 * USD, 2 * USD - 2 * USD / 100);
        vm.prank(payer);
        vm.expectRevert(mismatch);
        own.open(provider, signer, 2 * USD, "f");
        vm.prank(payer);
        vm.expectRevert(mismatch);
        own.topUp(channel, 2 * USD);
    }

    function test_reentrancy_aCallDuringATransferFails() public {
        ReentrantToken token = new ReentrantToken();
        Channels own = new Channels(address(token), feeAccount, MINIMUM_DEPOSIT, FEE_BPS);
        token.mint(payer, 100 * USD);
        vm.prank(payer);
        token.approve(address(own), type(uint256).max);
        vm.prank(payer);
        ChannelId channel = own.open(provider, signer, 2 * USD, "r");
        vm.warp(block.timestamp + 90 days);
        own.finishClose(channel);
        // A second payout of the same balance, in the name of the token, and a claim while tokens are under way.
        token.arm(address(own), abi.encodeCall(own.withdraw, (payer, 1)));
        vm.prank(payer);
        own.withdraw(payer, USD);
        token.arm(address(own), abi.encodeCall(own.claimMany, (new Voucher[](0))));
        vm.prank(payer);
        own.withdraw(payer, USD);
        vm.assertEq(token.attempts(), 2, "the token called back");
        vm.assertFalse(token.succeeded(), "no call got in");
        vm.assertEq(own.balanceOf(payer), 0, "paid once");
    }

    function test_dust_topUpDoesNotBurnTheVoucher() public {
        ChannelId channel = openChannel(MINIMUM_DEPOSIT);
        Voucher memory voucher = voucherOf(channel, 2 * USD);
        channels.claim(voucher);
        vm.prank(stranger);
        channels.topUp(channel, MINIMUM_DEPOSIT);
        channels.claim(voucher);
        vm.assertEq(channels.channels(channel).claimed, 2 * MINIMUM_DEPOSIT, "the rest stayed claimable");
    }

    function test_topUpGriefing_doesNotExtendACloseAndHasAMinimum() public {
        ChannelId channel = openChannel(2 * USD);
        vm.prank(payer);
        channels.startClose(channel);
        uint40 closeAt = channels.channels(channel).closeAt;
        vm.warp(block.timestamp + 1 days);
        vm.prank(stranger);
        channels.topUp(channel, USD);
        vm.assertEq(channels.channels(channel).closeAt, closeAt, "close time");
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(
                IChannels.AmountBelowMinimum.selector, MINIMUM_DEPOSIT - 1, MINIMUM_DEPOSIT
            )
        );
        channels.topUp(channel, MINIMUM_DEPOSIT - 1);
        vm.warp(closeAt);
        channels.finishClose(channel);
        vm.assertEq(channels.balanceOf(payer), 3 * USD, "the gift is the payer's");
    }

    function test_dustChannel_isRefusedAtOpening() public {
        vm.prank(payer);
        vm.expectRevert(
            abi.encodeWithSelector(IChannels.AmountBelowMinimum.selector, MINIMUM_DEPOSIT - 1, MINIMUM_DEPOSIT)
        );
        channels.open(provider, signer, MINIMUM_DEPOSIT - 1, "d");
    }

    function test_washTrading_costsTheFee() public {
        vm.prank(payer);
        ChannelId channel = channels.open(payer, signer, 10 * USD, "wash");
        channels.claim(voucherOf(channel, 10 * USD));
        vm.assertEq(channels.balanceOf(payer), 10 * USD - 300_000, "3 % lost to the fee account");
    }

    function test_F3_closingAndRemainingAreVisibleToTheProvider() public {
        ChannelId channel = openChannel(2 * USD);
        channels.claim(voucherOf(channel, 1_900_000));
        vm.prank(payer);
        channels.startClose(channel);
        Channel memory state = channels.channels(channel);
        vm.assertEq(state.closeAt, block.timestamp + 72 hours, "closing");
        vm.assertEq(state.deposit - state.claimed, 100_000, "remaining");
    }

    function test_F9_aFrozenPayerOrProviderBlocksNoClose() public {
        FreezingToken token = new FreezingToken();
        Channels own = new Channels(address(token), feeAccount, MINIMUM_DEPOSIT, FEE_BPS);
        token.mint(payer, 100 * USD);
        vm.prank(payer);
        token.approve(address(own), type(uint256).max);
        vm.prank(payer);
        ChannelId first = own.open(provider, signer, 2 * USD, "1");
        vm.prank(payer);
        ChannelId second = own.open(provider, signer, 2 * USD, "2");
        token.freeze(payer);
        bytes memory bySigner = signed(SIGNER_KEY, own.closeDigest(first, USD, block.timestamp));
        vm.prank(provider);
        own.cooperativeClose(first, USD, block.timestamp, bySigner, "");
        vm.prank(provider);
        own.withdraw(provider, type(uint256).max);
        vm.assertEq(token.balanceOf(provider), 970_000, "the provider is paid");
        token.freeze(provider);
        vm.prank(payer);
        own.startClose(second);
        vm.warp(block.timestamp + 72 hours);
        own.finishClose(second);
        vm.assertEq(own.balanceOf(payer), 3 * USD, "credited; only the withdrawal waits");
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(FreezingToken.Frozen.selector, payer));
        own.withdraw(payer, 1);
        vm.prank(payer);
        own.withdraw(stranger, 1);
    }

    function testFuzz_F10_manySmallClaimsPayTheFeeOfOneLarge(uint96 step, uint8 count) public {
        step = 1 + (step % 1000);
        uint256 claims = 1 + (count % 100);
        ChannelId channel = openChannel(2 * USD);
        for (uint256 index = 1; index <= claims; ++index) channels.claim(voucherOf(channel, step * index));
        uint256 total = step * claims;
        vm.assertEq(channels.balanceOf(feeAccount), total * FEE_BPS / 10_000, "fee of the total");
        vm.assertEq(channels.balanceOf(provider), total - total * FEE_BPS / 10_000, "the rest");
    }

    function test_F10_deadChannelDoesNotRevertABatch() public {
        ChannelId dead = openChannel(2 * USD, "dead");
        ChannelId alive = openChannel(2 * USD, "alive");
        vm.prank(payer);
        channels.startClose(dead);
        vm.warp(block.timestamp + 72 hours);
        channels.finishClose(dead);
        Voucher[] memory batch = new Voucher[](4);
        batch[0] = voucherOf(dead, USD);
        batch[1] = voucherBy(STRANGER_KEY, alive, USD);
        batch[2] = voucherOf(alive, USD);
        batch[3] = voucherOf(alive, USD / 2);
        vm.expectEmit(address(channels));
        emit IChannels.VoucherSkipped(dead, 1);
        vm.expectEmit(address(channels));
        emit IChannels.VoucherSkipped(alive, 2);
        vm.expectEmit(address(channels));
        emit IChannels.VoucherSkipped(alive, 3);
        channels.claimMany(batch);
        vm.assertEq(channels.balanceOf(provider), 970_000, "the good one is paid");
    }

    function test_F11_claimIsPermissionlessAndTheWindowIs72Hours() public {
        ChannelId channel = openChannel(2 * USD);
        vm.prank(payer);
        channels.startClose(channel);
        vm.warp(block.timestamp + 72 hours - 1);
        Voucher memory voucher = voucherOf(channel, USD);
        vm.prank(stranger);
        channels.claim(voucher);
        vm.assertEq(channels.balanceOf(provider), 970_000, "credited to the provider alone");
        vm.assertEq(channels.balanceOf(stranger), 0, "the watcher gets nothing");
        vm.expectRevert(abi.encodeWithSelector(IChannels.CloseNotDue.selector, channel, block.timestamp + 1));
        channels.finishClose(channel);
    }

    function test_F11_expiryReturnsTheRestToThePayer() public {
        ChannelId channel = openChannel(2 * USD);
        uint256 opened = block.timestamp;
        vm.warp(opened + 80 days);
        vm.prank(payer);
        channels.topUp(channel, USD);
        vm.warp(opened + 90 days);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IChannels.CloseNotDue.selector, channel, opened + 170 days));
        channels.finishClose(channel);
        vm.warp(opened + 170 days);
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(IChannels.ExpiredChannel.selector, channel, opened + 170 days));
        channels.topUp(channel, USD);
        vm.prank(stranger);
        channels.finishClose(channel);
        vm.assertEq(channels.balanceOf(payer), 3 * USD, "the rest");
    }

    function test_F13_oneChannelOutlivesSessionsAndTopUps() public {
        ChannelId channel = openChannel(USD);
        for (uint96 session = 1; session <= 10; ++session) {
            channels.claim(voucherOf(channel, session * USD));
            vm.prank(payer);
            channels.topUp(channel, USD);
        }
        vm.assertEq(channels.channels(channel).claimed, 10 * USD, "cumulative over sessions");
    }

    function test_fee_isASnapshotUnderACap() public {
        ChannelId channel = openChannel(2 * USD);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IChannels.NotFeeAccount.selector, stranger));
        channels.setFeeBps(1);
        vm.prank(feeAccount);
        vm.expectRevert(abi.encodeWithSelector(IChannels.FeeAboveCap.selector, 501, 500));
        channels.setFeeBps(501);
        vm.prank(feeAccount);
        channels.setFeeBps(500);
        channels.claim(voucherOf(channel, USD));
        vm.assertEq(channels.balanceOf(feeAccount), 30_000, "3 % as agreed at the open");
        vm.assertEq(channels.channels(openChannel(USD, "new")).feeBps, 500, "5 % for a new one");
    }

    function test_channel_isThreeSlots() public {
        ChannelId channel = openChannel(2 * USD);
        uint256 used;
        for (uint256 position = 0; position < 8; ++position) {
            bytes32 base = keccak256(abi.encode(ChannelId.unwrap(channel), position));
            for (uint256 slot = 0; slot < 6; ++slot) {
                if (vm.load(address(channels), bytes32(uint256(base) + slot)) != 0) ++used;
            }
        }
        vm.assertEq(used, 3, "slots");
    }

    function test_testDollar_refusesOtherChains() public {
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(TestDollar.LocalChainsOnly.selector, 1));
        new TestDollar();
        vm.chainId(1337);
        new TestDollar();
    }
}
