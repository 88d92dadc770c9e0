// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedger, Authorization, Permit} from "../src/ILedger.sol";
import {ChannelId, OpenRequest} from "../src/IChannels.sol";
import {Fixture} from "./support/Fixture.sol";
import {vm} from "./support/Vm.sol";

/// F12: every action of a user works without the chain's native token.
contract SignedActionsTest is Fixture {
    uint96 private constant TIP = 5_000;

    function test_F12_openForIsPaidByThePayerAndTipsTheSubmitter() public {
        OpenRequest memory request = OpenRequest(payer, provider, signer, 2 * USD, "for");
        Authorization memory authorization = openAuthorization(PAYER_KEY, request, TIP, 7);
        vm.prank(payer);
        dollar.approve(address(channels), 0);
        Permit memory permit = permitBy(PAYER_KEY, address(channels), 2 * USD + TIP);
        uint256 held = dollar.balanceOf(payer);
        vm.prank(stranger);
        ChannelId channel = channels.openFor(request, TIP, authorization, permit);
        vm.assertEq(held - dollar.balanceOf(payer), 2 * USD + TIP, "deposit and tip");
        vm.assertEq(channels.balanceOf(stranger), TIP, "tip");
        vm.assertEq(channels.channels(channel).payer, payer, "payer");
        vm.assertTrue(channels.nonceUsed(payer, 7), "nonce");
        vm.assertFalse(channels.nonceUsed(payer, 8), "others are free");
    }

    function test_F12_topUpForUsesTheInternalBalanceFirst() public {
        ChannelId channel = refunded(2 * USD);
        Authorization memory authorization = topUpAuthorization(PAYER_KEY, channel, USD, TIP, 1);
        uint256 held = dollar.balanceOf(payer);
        vm.prank(stranger);
        channels.topUpFor(payer, channel, USD, TIP, authorization, noPermit());
        vm.assertEq(dollar.balanceOf(payer), held, "no token moved");
        vm.assertEq(channels.balanceOf(payer), 2 * USD - USD - TIP, "paid from the balance");
        vm.assertEq(channels.channels(channel).deposit, 2 * USD, "topped up");
    }

    function test_F12_startCloseForNeverTouchesTheChannelsMoney() public {
        ChannelId channel = openChannel(2 * USD);
        Authorization memory authorization = startCloseAuthorization(PAYER_KEY, channel, TIP, 2);
        vm.prank(stranger);
        channels.startCloseFor(channel, TIP, authorization, noPermit());
        vm.assertEq(channels.channels(channel).deposit, 2 * USD, "deposit");
        vm.assertEq(channels.channels(channel).closeAt, block.timestamp + 72 hours, "closing");
        vm.assertEq(channels.balanceOf(stranger), TIP, "tip");
    }

    function test_F12_startCloseForBelongsToThePayer() public {
        ChannelId channel = openChannel(2 * USD);
        Authorization memory authorization = startCloseAuthorization(PROVIDER_KEY, channel, TIP, 2);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InvalidAuthorization.selector, payer));
        channels.startCloseFor(channel, TIP, authorization, noPermit());
    }

    function test_F12_aProviderWithoutGasClaimsAndWithdrawsInOneBundle() public {
        ChannelId channel = openChannel(2 * USD);
        Authorization memory authorization =
            withdrawAuthorization(PROVIDER_KEY, provider, type(uint256).max, TIP, 3);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(channels.claim, (voucherOf(channel, USD)));
        calls[1] = abi.encodeCall(
            channels.withdrawFor, (provider, provider, type(uint256).max, TIP, authorization)
        );
        uint256 held = dollar.balanceOf(provider);
        vm.prank(stranger);
        channels.multicall(calls);
        vm.assertEq(dollar.balanceOf(provider) - held, 970_000 - TIP, "earnings less the tip");
        vm.assertEq(channels.balanceOf(stranger), TIP, "tip");
        vm.assertEq(channels.balanceOf(provider), 0, "nothing left");
    }

    function testFuzz_F12_tipIsCappedByTheSignature(uint96 maxTip, uint96 tip) public {
        maxTip = maxTip % USD;
        tip = tip % (2 * USD);
        vm.assume(tip > maxTip);
        ChannelId channel = openChannel(2 * USD);
        Authorization memory authorization = startCloseAuthorization(PAYER_KEY, channel, maxTip, 4);
        vm.expectRevert(abi.encodeWithSelector(ILedger.TipTooHigh.selector, tip, maxTip));
        channels.startCloseFor(channel, tip, authorization, noPermit());
        authorization.maxTip = tip;
        vm.expectRevert(abi.encodeWithSelector(ILedger.InvalidAuthorization.selector, payer));
        channels.startCloseFor(channel, tip, authorization, noPermit());
    }

    function test_F12_tipCannotExceedTheWithdrawnAmount() public {
        refunded(2 * USD);
        Authorization memory authorization = withdrawAuthorization(PAYER_KEY, payer, TIP - 1, TIP, 5);
        vm.expectRevert(
            abi.encodeWithSelector(ILedger.InsufficientBalance.selector, payer, TIP - 1, TIP)
        );
        channels.withdrawFor(payer, payer, TIP - 1, TIP, authorization);
    }

    function test_F12_replayDeadlineAndCancellation() public {
        refunded(2 * USD);
        Authorization memory once = withdrawAuthorization(PAYER_KEY, payer, USD, TIP, 6);
        channels.withdrawFor(payer, payer, USD, TIP, once);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NonceUsed.selector, payer, 6));
        channels.withdrawFor(payer, payer, USD, TIP, once);
        Authorization memory cancelled = withdrawAuthorization(PAYER_KEY, payer, USD, TIP, 300);
        vm.prank(payer);
        channels.cancelNonce(300);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NonceUsed.selector, payer, 300));
        channels.withdrawFor(payer, payer, USD, TIP, cancelled);
        Authorization memory late = withdrawAuthorization(PAYER_KEY, payer, USD, TIP, 301);
        vm.warp(late.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ILedger.DeadlinePassed.selector, late.deadline));
        channels.withdrawFor(payer, payer, USD, TIP, late);
    }

    function testFuzz_F12_changedFieldsAreRefused(address to, uint96 amount) public {
        refunded(2 * USD);
        vm.assume(to != payer && to != address(0) && to != address(channels));
        Authorization memory authorization = withdrawAuthorization(PAYER_KEY, payer, USD, TIP, 8);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InvalidAuthorization.selector, payer));
        channels.withdrawFor(payer, to, USD, TIP, authorization);
        vm.assume(amount != USD);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InvalidAuthorization.selector, payer));
        channels.withdrawFor(payer, payer, amount, TIP, authorization);
    }

    function test_withdraw_neverMoreThanTheBalanceNorToNobody() public {
        refunded(2 * USD);
        vm.prank(payer);
        vm.expectRevert(
            abi.encodeWithSelector(ILedger.InsufficientBalance.selector, payer, 2 * USD, 2 * USD + 1)
        );
        channels.withdraw(payer, 2 * USD + 1);
        vm.prank(payer);
        vm.expectRevert(ILedger.ZeroAddress.selector);
        channels.withdraw(address(channels), 1);
        vm.prank(stranger);
        vm.expectRevert(ILedger.AmountZero.selector);
        channels.withdraw(stranger, type(uint256).max);
    }

    /// A channel of 1 USD, and another that ended with `refund` in the payer's internal balance.
    function refunded(uint96 refund) private returns (ChannelId channel) {
        ChannelId ended = openChannel(refund, "ended");
        bytes memory bySigner = signed(SIGNER_KEY, channels.closeDigest(ended, 0, block.timestamp));
        vm.prank(provider);
        channels.cooperativeClose(ended, 0, block.timestamp, bySigner, "");
        channel = openChannel(USD, "live");
    }
}
