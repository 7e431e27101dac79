"""EC2's refusals to delete what is in use, which moto's EC2 lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def correct() -> None:
    """Makes moto's EC2 refuse to delete subnets, security groups and interfaces in use."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

    delete_subnet, delete_group = EC2Backend.delete_subnet, EC2Backend.delete_security_group
    EC2Backend.delete_subnet = _keeping_used_subnets(delete_subnet)
    EC2Backend.delete_security_group = _keeping_used_groups(delete_group)
    EC2Backend.delete_nat_gateway = _with_its_interfaces(
        EC2Backend.delete_nat_gateway, lambda gateway: [gateway._eni]
    )
    EC2Backend.terminate_instances = _with_its_interfaces(
        EC2Backend.terminate_instances,
        lambda ended: [each for instance, _ in ended for each in instance.nics.values()],
    )
    delete_interface = ElasticNetworkInterfaces.delete_network_interface
    ElasticNetworkInterfaces.delete_network_interface = _keeping_used_interfaces(delete_interface)


def _keeping_used_subnets(operation: Callable[..., Any]) -> Callable[..., Any]:
    def delete(ec2: Any, subnet_id: str) -> Any:
        from moto.ec2.exceptions import DependencyViolationError

        if any(each.subnet.id == subnet_id for each in list(ec2.enis.values())):
            message = f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
            raise DependencyViolationError(message)
        return operation(ec2, subnet_id)

    return delete


def _keeping_used_groups(operation: Callable[..., Any]) -> Callable[..., Any]:
    def delete(ec2: Any, name: str | None = None, group_id: str | None = None) -> Any:
        from moto.ec2.exceptions import DependencyViolationError

        found = group_id or getattr(ec2.get_security_group_by_name_or_id(name), "id", "")
        if any(found in users for users in _groups_in_use(ec2)):
            raise DependencyViolationError(f"resource {found} has a dependent object")
        return operation(ec2, name, group_id)

    return delete


def _with_its_interfaces(
    operation: Callable[..., Any], interfaces_of: Callable[[Any], list[Any]]
) -> Callable[..., Any]:
    """Makes an operation delete the interfaces that EC2 created for what the operation deletes."""

    def end(ec2: Any, *arguments: Any, **named: Any) -> Any:
        ended = operation(ec2, *arguments, **named)
        for interface in interfaces_of(ended):
            ec2.enis.pop(interface.id, None)
        return ended

    return end


def _groups_in_use(ec2: Any) -> Iterator[set[str]]:
    """The ids of the groups that an interface, an endpoint or another group's rules name."""
    for interface in list(ec2.enis.values()):
        yield {group.id for group in interface.group_set}
    for endpoint in list(ec2.vpc_end_points.values()):
        if endpoint.state != "deleted":
            yield set(endpoint.security_group_ids)
    for groups in list(ec2.groups.values()):
        for group in list(groups.values()):
            rules = [*group.ingress_rules, *group.egress_rules]
            yield {rule.source_group.get("GroupId", "") for rule in rules} - {group.id}


def _keeping_used_interfaces(operation: Callable[..., Any]) -> Callable[..., Any]:
    def delete_network_interface(response: Any) -> Any:
        from moto.ec2.exceptions import EC2ClientError

        name = response._get_param("NetworkInterfaceId")
        interface = response.ec2_backend.enis.get(name)
        if interface is not None and interface.status == "in-use":
            message = f"Network interface '{name}' is currently in use."
            raise EC2ClientError("InvalidParameterValue", message)
        return operation(response)

    return delete_network_interface
