using System.Globalization;
using System.Numerics;
using Nub.Virtio;

namespace VhostUserBlock;

/// <summary>Feature bits by the names that the specifications give them.</summary>
internal static class FeatureNames
{
    // Virtio 1.2, sections 5.2.3 and 6; 26 and 30 are vhost-user's.
    private static readonly Dictionary<int, string> s_features = new()
    {
        [1] = "SIZE_MAX",
        [2] = "SEG_MAX",
        [4] = "GEOMETRY",
        [5] = "RO",
        [6] = "BLK_SIZE",
        [9] = "FLUSH",
        [10] = "TOPOLOGY",
        [11] = "CONFIG_WCE",
        [12] = "MQ",
        [13] = "DISCARD",
        [14] = "WRITE_ZEROES",
        [26] = "LOG_ALL",
        [28] = "INDIRECT_DESC",
        [29] = "EVENT_IDX",
        [30] = "PROTOCOL_FEATURES",
        [32] = "VERSION_1",
        [33] = "ACCESS_PLATFORM",
        [34] = "RING_PACKED",
        [35] = "IN_ORDER",
        [36] = "ORDER_PLATFORM",
        [40] = "RING_RESET",
    };

    private static readonly Dictionary<int, string> s_protocolFeatures = new()
    {
        [0] = "MQ",
        [1] = "LOG_SHMFD",
        [3] = "REPLY_ACK",
        [5] = "BACKEND_REQ",
        [9] = "CONFIG",
        [12] = "INFLIGHT_SHMFD",
        [13] = "RESET_DEVICE",
        [15] = "CONFIGURE_MEM_SLOTS",
    };

    /// <summary>What a front end has chosen.</summary>
    public static string Describe(VhostUserConnection connection) =>
        $"{Names(connection.Features, s_features)}; protocol {Names((ulong)connection.ProtocolFeatures, s_protocolFeatures)}";

    private static string Names(ulong bits, Dictionary<int, string> names)
    {
        var found = new List<string>();
        for (; bits != 0; bits &= bits - 1)
        {
            int bit = BitOperations.TrailingZeroCount(bits);
            found.Add(names.GetValueOrDefault(bit) ?? bit.ToString(CultureInfo.InvariantCulture));
        }

        return found.Count == 0 ? "none" : string.Join(' ', found);
    }
}
