// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {StakeRegistry} from "../src/StakeRegistry.sol";
import {ILedger, Authorization} from "../src/ILedger.sol";
import {IStakeRegistry, Profile, ProviderView} from "../src/IStakeRegistry.sol";
import {Fixture} from "./support/Fixture.sol";
import {FeeToken, FreezingToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

contract StakeRegistryTest is Fixture {
    function test_register_showsInTheListWithoutAnAddress() public {
        registerProvider();
        ProviderView[] memory page = registry.providersPage(0, 10);
        vm.assertEq(page.length, 1, "one provider");
        vm.assertEq(page[0].owner, provider, "owner");
        vm.assertEq(page[0].stake, MINIMUM_STAKE, "stake");
        vm.assertEq(page[0].keys[0].key, node, "key");
        vm.assertEq(page[0].profile.relayIds[0], keccak256("relay"), "relay");
        (address owner, uint32 keyId) = registry.ownerOfKey(node);
        vm.assertEq(owner, provider, "by key");
        vm.assertEq(keyId, 0, "key id");
        vm.assertEq(registry.providersPage(1, 10).length, 0, "beyond the end");
    }

    function test_register_refusesWhatCannotBe() public {
        bytes memory binding = signed(NODE_KEY, registry.bindingDigest(provider));
        vm.prank(provider);
        vm.expectRevert(
            abi.encodeWithSelector(IStakeRegistry.StakeBelowMinimum.selector, MINIMUM_STAKE - 1, MINIMUM_STAKE)
        );
        registry.register(MINIMUM_STAKE - 1, node, binding, profileOf("DE"));
        bytes8[4] memory regions = [bytes8("de"), bytes8(0), bytes8("D\x00E"), bytes8("\x1b[2J")];
        for (uint256 index = 0; index < regions.length; ++index) {
            vm.prank(provider);
            vm.expectRevert(IStakeRegistry.InvalidRegion.selector);
            registry.register(MINIMUM_STAKE, node, binding, profileOf(regions[index]));
        }
        Profile memory profile = profileOf("DE");
        profile.protocolMin = 2;
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.InvalidProtocolRange.selector, 2, 1));
        registry.register(MINIMUM_STAKE, node, binding, profile);
        profile = profileOf("DE");
        profile.relayIds = new bytes32[](9);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.TooManyRelays.selector, 9, 8));
        registry.register(MINIMUM_STAKE, node, binding, profile);
        registerProvider();
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.AlreadyRegistered.selector, provider));
        registry.register(MINIMUM_STAKE, otherNode, binding, profileOf("DE"));
    }

    function test_keySquatting_needsTheKeysConsentAndWorksOnce() public {
        bytes memory forProvider = signed(NODE_KEY, registry.bindingDigest(provider));
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.InvalidKeyBinding.selector, node));
        registry.register(MINIMUM_STAKE, node, forProvider, profileOf("DE"));
        registerProvider();
        bytes memory forStranger = signed(NODE_KEY, registry.bindingDigest(stranger));
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.KeyInUse.selector, node));
        registry.register(MINIMUM_STAKE, node, forStranger, profileOf("DE"));
    }

    function test_F8_equivocationCostsTheWholeStakeReporterGetsATenth() public {
        registerProvider();
        equivocate(stranger, NODE_KEY, provider, 7);
        vm.assertEq(registry.balanceOf(stranger), MINIMUM_STAKE / 10, "reporter 10 %");
        vm.assertEq(registry.burned(), MINIMUM_STAKE - MINIMUM_STAKE / 10, "the rest is locked for ever");
        vm.assertEq(registry.providerCount(), 0, "off the list");
        vm.assertEq(registry.providerOf(provider).slashCount, 1, "remembered");
    }

    function test_F8_aNewKeyDoesNotHideTheOldOne() public {
        registerProvider();
        bytes memory binding = signed(OTHER_NODE_KEY, registry.bindingDigest(provider));
        vm.prank(provider);
        registry.addKey(otherNode, binding);
        vm.prank(provider);
        registry.retireKey(0);
        vm.warp(block.timestamp + 14 days - 1);
        equivocate(stranger, NODE_KEY, provider, 7);
        vm.assertEq(registry.balanceOf(stranger), MINIMUM_STAKE / 10, "slashed by the old key");
    }

    function test_F8_aRetiredKeyIsReleasedAfterTheUnbondingTime() public {
        registerProvider();
        bytes memory binding = signed(OTHER_NODE_KEY, registry.bindingDigest(provider));
        vm.prank(provider);
        registry.addKey(otherNode, binding);
        vm.prank(provider);
        registry.retireKey(0);
        vm.warp(block.timestamp + 14 days);
        bytes memory first = offerBy(NODE_KEY, provider, 7, "a");
        bytes memory second = offerBy(NODE_KEY, provider, 7, "b");
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.KeyNotSlashable.selector, node));
        registry.slashEquivocation(provider, 7, "a", first, "b", second);
    }

    function test_F8_unbondingStakeIsSlashableUntilItIsWithdrawn() public {
        registerProvider();
        vm.prank(provider);
        registry.startUnbonding();
        vm.expectRevert(
            abi.encodeWithSelector(IStakeRegistry.UnbondingNotDue.selector, block.timestamp + 14 days)
        );
        registry.withdrawStake(provider);
        vm.warp(block.timestamp + 20 days);
        equivocate(stranger, NODE_KEY, provider, 7);
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.NotRegistered.selector, provider));
        registry.withdrawStake(provider);
    }

    function test_F8_selfReportCostsNineTenths() public {
        uint256 held = dollar.balanceOf(provider);
        registerProvider();
        equivocate(provider, NODE_KEY, provider, 7);
        vm.prank(provider);
        registry.withdraw(provider, type(uint256).max);
        vm.assertEq(held - dollar.balanceOf(provider), MINIMUM_STAKE * 9 / 10, "lost");
    }

    function test_F8_oneEvidenceDoesNotSlashALaterStake() public {
        registerProvider();
        equivocate(stranger, NODE_KEY, provider, 7);
        bytes memory binding = signed(OTHER_NODE_KEY, registry.bindingDigest(provider));
        vm.prank(provider);
        registry.register(MINIMUM_STAKE, otherNode, binding, profileOf("DE"));
        bytes memory first = offerBy(NODE_KEY, provider, 7, "a");
        bytes memory second = offerBy(NODE_KEY, provider, 7, "b");
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.KeyNotSlashable.selector, node));
        registry.slashEquivocation(provider, 7, "a", first, "b", second);
    }

    function testFuzz_F8_onlyATrueEquivocationSlashes(uint64 sequence, uint64 other, bytes32 contentA, bytes32 contentB)
        public
    {
        vm.assume(contentA != contentB && sequence != other);
        registerProvider();
        bytes memory first = offerBy(NODE_KEY, provider, sequence, contentA);
        vm.expectRevert(IStakeRegistry.SameContent.selector);
        registry.slashEquivocation(provider, sequence, contentA, first, contentA, first);
        bytes memory second = offerBy(NODE_KEY, provider, other, contentB);
        vm.expectRevert(IStakeRegistry.InvalidOfferSignature.selector);
        registry.slashEquivocation(provider, sequence, contentA, first, contentB, second);
        second = offerBy(OTHER_NODE_KEY, provider, sequence, contentB);
        vm.expectRevert(IStakeRegistry.InvalidOfferSignature.selector);
        registry.slashEquivocation(provider, sequence, contentA, first, contentB, second);
        first = offerBy(OTHER_NODE_KEY, provider, sequence, contentA);
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.KeyNotSlashable.selector, otherNode));
        registry.slashEquivocation(provider, sequence, contentA, first, contentB, second);
        first = offerBy(NODE_KEY, stranger, sequence, contentA);
        second = offerBy(NODE_KEY, stranger, sequence, contentB);
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.KeyNotSlashable.selector, node));
        registry.slashEquivocation(stranger, sequence, contentA, first, contentB, second);
    }

    function test_unbond_returnsTheStakeAfter14Days() public {
        uint256 held = dollar.balanceOf(provider);
        registerProvider();
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.NotUnbonding.selector, provider));
        registry.withdrawStake(provider);
        vm.prank(provider);
        registry.startUnbonding();
        vm.assertFalse(registry.providerOf(provider).profile.active, "takes no sessions");
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IStakeRegistry.Unbonding.selector, block.timestamp + 14 days));
        registry.update(profileOf("DE"));
        vm.warp(block.timestamp + 14 days);
        vm.prank(stranger);
        registry.withdrawStake(provider);
        vm.prank(provider);
        registry.withdraw(provider, type(uint256).max);
        vm.assertEq(dollar.balanceOf(provider), held, "all of it");
        vm.assertFalse(registry.isSlashable(node), "key released");
    }

    function test_list_survivesRemovalsInAnyOrder() public {
        registerProvider();
        bytes memory binding = signed(OTHER_NODE_KEY, registry.bindingDigest(stranger));
        vm.prank(stranger);
        registry.register(MINIMUM_STAKE, otherNode, binding, profileOf("FR"));
        equivocate(payer, NODE_KEY, provider, 1);
        vm.assertEq(registry.providersPage(0, 9)[0].owner, stranger, "the other stays");
        equivocate(payer, OTHER_NODE_KEY, stranger, 1);
        vm.assertEq(registry.providerCount(), 0, "empty");
    }

    function test_F9_aFrozenAccountBlocksNoSlashAndNoRelease() public {
        FreezingToken token = new FreezingToken();
        StakeRegistry own = new StakeRegistry(address(token), MINIMUM_STAKE);
        token.mint(provider, MINIMUM_STAKE);
        vm.prank(provider);
        token.approve(address(own), type(uint256).max);
        bytes memory binding = signed(NODE_KEY, own.bindingDigest(provider));
        vm.prank(provider);
        own.register(MINIMUM_STAKE, node, binding, profileOf("DE"));
        token.freeze(provider);
        token.freeze(stranger);
        bytes memory first = signed(NODE_KEY, own.offerDigest(provider, 1, "a"));
        bytes memory second = signed(NODE_KEY, own.offerDigest(provider, 1, "b"));
        vm.prank(stranger);
        own.slashEquivocation(provider, 1, "a", first, "b", second);
        vm.assertEq(own.burned(), MINIMUM_STAKE * 9 / 10, "burned without a transfer");
    }

    function test_feeOnTransfer_stakeIsRefused() public {
        FeeToken token = new FeeToken();
        StakeRegistry own = new StakeRegistry(address(token), MINIMUM_STAKE);
        token.mint(provider, 100 * USD);
        token.switchOn();
        vm.prank(provider);
        token.approve(address(own), type(uint256).max);
        bytes memory binding = signed(NODE_KEY, own.bindingDigest(provider));
        vm.prank(provider);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedger.TransferAmountMismatch.selector, MINIMUM_STAKE, MINIMUM_STAKE - MINIMUM_STAKE / 100
            )
        );
        own.register(MINIMUM_STAKE, node, binding, profileOf("DE"));
    }

    function test_F12_startUnbondingForIsSignedAndTipped() public {
        registerProvider();
        uint256 deadline = block.timestamp + 1;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("StartUnbonding(address owner,uint256 maxTip,uint256 nonce,uint256 deadline)"),
                provider,
                uint256(USD),
                uint256(1),
                deadline
            )
        );
        Authorization memory authorization =
            Authorization(USD, 1, deadline, signed(PROVIDER_KEY, registryDigest(structHash)));
        vm.expectRevert(abi.encodeWithSelector(ILedger.InvalidAuthorization.selector, payer));
        registry.startUnbondingFor(payer, USD, authorization, noPermit());
        vm.prank(stranger);
        registry.startUnbondingFor(provider, USD, authorization, noPermit());
        vm.assertEq(registry.balanceOf(stranger), USD, "tip");
        vm.assertEq(registry.providerOf(provider).unbondsAt, block.timestamp + 14 days, "unbonding");
    }
}
